with events as (

    select
        lopenr_person,
        {{ year_of('event_date') }} as year,
        {{ month_of('event_date') }} as event_month,
        event_date,
        event_type,
        from_municipality_code,
        to_municipality_code
    from {{ ref('stg_migration_event') }}
    where
        '{{ var("outcome_rule") }}' = 'first_event'
        and event_type in ('internal_move', 'emigration')
        and event_date is not null

),

geography as (

    select
        municipality_code,
        municipality_code_2020
    from {{ ref('municipality_geography') }}

),

deaths as (

    select
        lopenr_person,
        year,
        death_month
    from {{ ref('death_year') }}

),

deciding_events as (

    select
        events.lopenr_person,
        events.year,
        events.event_date,
        events.event_type
    from events
    left join geography as from_geography
        on events.from_municipality_code = from_geography.municipality_code
    left join geography as to_geography
        on events.to_municipality_code = to_geography.municipality_code
    left join deaths
        on
            events.lopenr_person = deaths.lopenr_person
            and events.year = deaths.year
    where
        (
            events.event_type = 'emigration'
            or from_geography.municipality_code_2020 is null
            or to_geography.municipality_code_2020 is null
            or from_geography.municipality_code_2020 <> to_geography.municipality_code_2020
        )
        and (deaths.death_month is null or events.event_month <= deaths.death_month)

),

first_dates as (

    select
        lopenr_person,
        year,
        min(event_date) as first_date,
        min(case when event_type = 'emigration' then event_date end) as first_emigration_date
    from deciding_events
    group by
        lopenr_person,
        year

),

final as (

    select
        lopenr_person,
        year,
        case when first_date = first_emigration_date then 'emigration' else 'internal_move' end as outcome,
        first_date as outcome_date
    from first_dates

)

select * from final
