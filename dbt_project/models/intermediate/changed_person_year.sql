{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_all_rows() }}') }}
-- depends_on: {{ ref('event_content') }}, {{ ref('person') }}, {{ ref('stg_residence') }}

with years_in_part as (

    select year
    from {{ ref('changed_year') }}
    where not is_whole

),

keys as (

    select
        person_key,
        lopenr_person
    from {{ ref('person_key') }}

),

{% if is_incremental() %}
changed_events as (

    select
        lopenr_person,
        year
    from {{ ref('event_content') }}
    where changed_by = '{{ invocation_id }}'

),

changed_persons as (

    select lopenr_person
    from {{ ref('person') }}
    where changed_by = '{{ invocation_id }}'

),

residences as (

    select
        lopenr_person,
        year
    from {{ ref('stg_residence') }}

),

changed_residents as (

    select
        residences.lopenr_person,
        residences.year
    from residences
    inner join changed_persons
        on residences.lopenr_person = changed_persons.lopenr_person

),

changed as (

    select lopenr_person, year from changed_events
    union
    select lopenr_person, year from changed_residents

),
{% else %}
changed as (

    select
        cast(null as {{ dbt.type_string() }}) as lopenr_person,
        cast(null as smallint) as year
    where false

),
{% endif %}

final as (

    select
        keys.person_key,
        changed.lopenr_person,
        changed.year
    from changed
    inner join years_in_part
        on changed.year = years_in_part.year
    inner join keys
        on changed.lopenr_person = keys.lopenr_person

)

select * from final
