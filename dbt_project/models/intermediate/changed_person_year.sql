{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_all_rows() }}') }}
-- depends_on: {{ ref('event_content') }}

with years_in_part as (

    select year
    from {{ ref('changed_year') }}
    where not is_whole

),

changed_events as (

    {% if is_incremental() %}
    select
        lopenr_person,
        year
    from {{ ref('event_content') }}
    where changed_by = '{{ invocation_id }}'
    {% else %}
    select
        cast(null as {{ dbt.type_string() }}) as lopenr_person,
        cast(null as smallint) as year
    where false
    {% endif %}

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
        changed_events.year
    from changed_events
    inner join years_in_part
        on changed_events.year = years_in_part.year
    inner join keys
        on changed_events.lopenr_person = keys.lopenr_person

)

select * from final
