{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_changed_persons() }}') }}
-- depends_on: {{ ref('panel_year') }}, {{ ref('changed_person_year') }}

with januaries as (

    select
        person_key,
        lopenr_person,
        year,
        municipality_code,
        municipality_code_2020,
        next_municipality_code,
        next_municipality_code_2020,
        next_municipality_kind,
        is_resident_next,
        is_registered_as_left,
        next_status_since
    from {{ ref('next_january') }}
    where
        {{ is_changed('year') }}
        and is_made_anew

),

successors as (

    select
        municipality_code,
        successor_code
    from {{ ref('municipality_successor') }}

),

internal_moves as (

    select
        lopenr_person,
        year,
        last_internal_move_date
    from {{ ref('internal_move_year') }}

),

emigrations as (

    select
        lopenr_person,
        year,
        emigration_date,
        first_emigration_month
    from {{ ref('emigration_year') }}

),

deaths as (

    select
        lopenr_person,
        year,
        death_month
    from {{ ref('death_year') }}

),

first_events as (

    select
        lopenr_person,
        year,
        outcome,
        outcome_date
    from {{ ref('first_event') }}

),

described as (

    select
        januaries.person_key,
        januaries.year,
        januaries.municipality_code,
        januaries.next_municipality_kind,
        januaries.is_resident_next,
        januaries.is_registered_as_left,
        januaries.next_status_since,
        internal_moves.last_internal_move_date,
        emigrations.emigration_date,
        first_events.outcome as first_event_outcome,
        first_events.outcome_date as first_event_date,
        coalesce(
            januaries.municipality_code_2020 = januaries.next_municipality_code_2020
            or (successors.successor_code is not null and internal_moves.last_internal_move_date is null),
            false
        ) as is_same_municipality,
        deaths.death_month is not null
        and coalesce(emigrations.first_emigration_month > deaths.death_month, true) as died_before_emigrating
    from januaries
    left join successors
        on
            januaries.municipality_code = successors.municipality_code
            and januaries.next_municipality_code = successors.successor_code
    left join internal_moves
        on
            januaries.lopenr_person = internal_moves.lopenr_person
            and januaries.year = internal_moves.year
    left join emigrations
        on
            januaries.lopenr_person = emigrations.lopenr_person
            and januaries.year = emigrations.year
    left join deaths
        on
            januaries.lopenr_person = deaths.lopenr_person
            and januaries.year = deaths.year
    left join first_events
        on
            januaries.lopenr_person = first_events.lopenr_person
            and januaries.year = first_events.year

),

decided as (

    select
        person_key,
        year,
        municipality_code,
        last_internal_move_date,
        emigration_date,
        next_status_since,
        first_event_date,
        case
            when first_event_outcome is not null then first_event_outcome
            when is_resident_next and next_municipality_kind = 'unknown' then 'unknown_municipality'
            when is_resident_next and is_same_municipality then 'stay'
            when is_resident_next then 'internal_move'
            when died_before_emigrating then 'died'
            when emigration_date is not null or is_registered_as_left then 'emigration'
            else 'unexplained_exit'
        end as disposition
    from described

),

final as (

    select
        person_key,
        year,
        municipality_code,
        disposition,
        case
            when first_event_date is not null then first_event_date
            when disposition = 'internal_move' then last_internal_move_date
            when disposition = 'emigration' then coalesce(emigration_date, next_status_since)
        end as outcome_date
    from decided

)

select * from final
