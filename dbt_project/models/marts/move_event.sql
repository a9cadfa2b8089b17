with events as (

    select
        lopenr_person,
        event_date,
        registered_date,
        event_type,
        from_municipality_code,
        to_municipality_code,
        from_country_code,
        to_country_code
    from {{ ref('stg_migration_event') }}
    where
        event_type is not null
        and event_date is not null

),

keys as (

    select
        person_key,
        lopenr_person
    from {{ ref('person_key') }}

),

final as (

    select
        keys.person_key,
        events.event_date,
        events.registered_date,
        events.event_type,
        events.from_municipality_code,
        events.to_municipality_code,
        events.from_country_code,
        events.to_country_code
    from events
    inner join keys
        on events.lopenr_person = keys.lopenr_person

)

select * from final
