with statuses as (

    select
        lopenr_person,
        aar,
        arb_arbmark_status
    from {{ source('raw', 'regsys') }}

),

final as (

    select
        lopenr_person,
        aar as year,
        arb_arbmark_status as status_code
    from statuses

)

select * from final
