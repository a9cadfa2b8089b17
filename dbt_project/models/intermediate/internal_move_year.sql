with internal_moves as (

    select
        lopenr_person,
        {{ year_of('event_date') }} as year,
        event_date
    from {{ ref('stg_migration_event') }}
    where
        event_type = 'internal_move'
        and event_date is not null

),

final as (

    select
        lopenr_person,
        year,
        max(event_date) as last_internal_move_date
    from internal_moves
    group by
        lopenr_person,
        year

)

select * from final
