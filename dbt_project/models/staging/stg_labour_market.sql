with statuses as (

    select
        lopenr_person,
        aar,
        arb_arbmark_status,
        arrival
    from {{ source('raw', 'regsys') }}

),

final as (

    select
        lopenr_person,
        aar as year,
        arb_arbmark_status as status_code,
        arrival
    from statuses

)

select * from final
