{{ config(materialized='incremental', incremental_strategy=strategy_by_key(), unique_key=['register', 'year']) }}

with residences as (

    select
        'residence' as register,
        year,
        concat('arrival ', max(arrival)) as content
    from {{ ref('stg_residence') }}
    group by year

),

registration_statuses as (

    select
        'registration_status' as register,
        year,
        concat('arrival ', max(arrival)) as content
    from {{ ref('stg_registration_status') }}
    group by year

),

families as (

    select
        'family' as register,
        year,
        concat('arrival ', max(arrival)) as content
    from {{ ref('stg_family') }}
    group by year

),

labour_market_statuses as (

    select
        'labour_market' as register,
        year,
        concat('arrival ', max(arrival)) as content
    from {{ ref('stg_labour_market') }}
    group by year

),

educations as (

    select
        'education' as register,
        year,
        concat('arrival ', max(arrival)) as content
    from {{ ref('stg_education') }}
    group by year

),

deaths as (

    select
        'death' as register,
        year,
        {{ content_of(['lopenr_person', 'death_month']) }} as content
    from {{ ref('death_year') }}
    group by year

),

emigrations as (

    select
        'emigration' as register,
        year,
        {{ content_of(['lopenr_person', 'emigration_date', 'first_emigration_month']) }} as content
    from {{ ref('emigration_year') }}
    group by year

),

internal_moves as (

    select
        'internal_move' as register,
        year,
        {{ content_of(['lopenr_person', 'last_internal_move_date']) }} as content
    from {{ ref('internal_move_year') }}
    group by year

),

first_events as (

    select
        'first_event' as register,
        year,
        {{ content_of(['lopenr_person', 'outcome', 'outcome_date']) }} as content
    from {{ ref('first_event') }}
    group by year

),

contents as (

    select register, year, content from residences
    union all
    select register, year, content from registration_statuses
    union all
    select register, year, content from families
    union all
    select register, year, content from labour_market_statuses
    union all
    select register, year, content from educations
    union all
    select register, year, content from deaths
    union all
    select register, year, content from emigrations
    union all
    select register, year, content from internal_moves
    union all
    select register, year, content from first_events

),

known_contents as (

    {% if is_incremental() %}
    select
        register,
        year,
        content
    from {{ this }}
    {% else %}
    select
        register,
        year,
        content
    from contents
    where false
    {% endif %}

),

-- If a register-year is gone, its row stays, with null as content: that is a change too.
compared as (

    select
        coalesce(contents.register, known_contents.register) as register,
        coalesce(contents.year, known_contents.year) as year,
        contents.content,
        known_contents.content as known_content
    from contents
    full outer join known_contents
        on
            contents.register = known_contents.register
            and contents.year = known_contents.year

),

final as (

    select
        register,
        year,
        content,
        '{{ invocation_id }}' as changed_by
    from compared
    where content is distinct from known_content

)

select * from final
