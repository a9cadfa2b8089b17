{{ config(
    materialized='incremental',
    incremental_strategy=strategy_by_key(),
    unique_key=['lopenr_person', 'year']
) }}
-- depends_on: {{ ref('register_year_content') }}

with deaths as (

    select
        lopenr_person,
        year,
        {{ hash_of(['death_month']) }} as content
    from {{ ref('death_year') }}

),

emigrations as (

    select
        lopenr_person,
        year,
        {{ hash_of(['emigration_date', 'first_emigration_month']) }} as content
    from {{ ref('emigration_year') }}

),

internal_moves as (

    select
        lopenr_person,
        year,
        {{ hash_of(['last_internal_move_date']) }} as content
    from {{ ref('internal_move_year') }}

),

first_events as (

    select
        lopenr_person,
        year,
        {{ hash_of(['outcome', 'outcome_date']) }} as content
    from {{ ref('first_event') }}

),

events as (

    select 'death' as register, lopenr_person, year, content from deaths
    union all
    select 'emigration' as register, lopenr_person, year, content from emigrations
    union all
    select 'internal_move' as register, lopenr_person, year, content from internal_moves
    union all
    select 'first_event' as register, lopenr_person, year, content from first_events

),

{# Reads only years whose fingerprint in register_year_content has changed. -#}
contents as (

    select
        lopenr_person,
        year,
        sum({{ hash_of(['register', 'content']) }}) as content
    from events
    {% if is_incremental() %}where {{ is_changed_in(event_registers(), 'year') }}{% endif %}
    group by
        lopenr_person,
        year

),

known_contents as (

    {% if is_incremental() %}
    select
        lopenr_person,
        year,
        content
    from {{ this }}
    where {{ is_changed_in(event_registers(), 'year') }}
    {% else %}
    select
        lopenr_person,
        year,
        content
    from contents
    where false
    {% endif %}

),

-- If a person's events of a year are gone, the row stays, with null as content: that is a change too.
compared as (

    select
        coalesce(contents.lopenr_person, known_contents.lopenr_person) as lopenr_person,
        coalesce(contents.year, known_contents.year) as year,
        contents.content,
        known_contents.content as known_content
    from contents
    full outer join known_contents
        on
            contents.lopenr_person = known_contents.lopenr_person
            and contents.year = known_contents.year

),

final as (

    select
        lopenr_person,
        year,
        content,
        '{{ invocation_id }}' as changed_by
    from compared
    where content is distinct from known_content

)

select * from final
