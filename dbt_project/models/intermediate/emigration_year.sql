with emigrations as (

    select
        lopenr_person,
        moved_date,
        registered_date
    from {{ ref('stg_migration_event') }}
    where event_type = 'emigration'

),

moved as (

    select
        lopenr_person,
        {{ year_of('moved_date') }} as year,
        moved_date,
        cast(null as date) as registered_date,
        moved_date as lies_on
    from emigrations
    where moved_date is not null

),

registered as (

    select
        lopenr_person,
        {{ year_of('registered_date') }} as year,
        cast(null as date) as moved_date,
        registered_date,
        greatest(coalesce(moved_date, registered_date), registered_date) as lies_on
    from emigrations
    where registered_date is not null

),

dated as (

    select lopenr_person, year, moved_date, registered_date, lies_on from moved
    union all
    select lopenr_person, year, moved_date, registered_date, lies_on from registered

),

final as (

    select
        lopenr_person,
        year,
        coalesce(max(moved_date), max(registered_date)) as emigration_date,
        min({{ month_of('lies_on') }}) as first_emigration_month
    from dated
    group by
        lopenr_person,
        year

)

select * from final
