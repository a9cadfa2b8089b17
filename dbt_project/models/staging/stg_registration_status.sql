with statuses as (

    select
        lopenr_person,
        aar,
        regstat,
        regstat_dat,
        arrival
    from {{ source('raw', 'regstat') }}

),

final as (

    select
        lopenr_person,
        aar as year,
        regstat as registration_status,
        regstat_dat as status_since,
        arrival
    from statuses

)

select * from final
