{{ config(materialized='incremental', incremental_strategy=strategy_by_key(), unique_key='person_key') }}

with persons as (

    select
        lopenr_person,
        birth_year,
        sex,
        population_group
    from {{ ref('stg_person') }}

),

keys as (

    select
        person_key,
        lopenr_person
    from {{ ref('person_key') }}

),

described as (

    select
        keys.person_key,
        keys.lopenr_person,
        persons.birth_year,
        persons.sex,
        persons.population_group
    from keys
    left join persons
        on keys.lopenr_person = persons.lopenr_person

),

known_persons as (

    {% if is_incremental() %}
    select
        person_key,
        birth_year,
        sex,
        population_group
    from {{ this }}
    {% else %}
    select
        person_key,
        birth_year,
        sex,
        population_group
    from described
    where false
    {% endif %}

),

final as (

    select
        described.person_key,
        described.lopenr_person,
        described.birth_year,
        described.sex,
        described.population_group,
        '{{ invocation_id }}' as changed_by
    from described
    left join known_persons
        on described.person_key = known_persons.person_key
    where
        known_persons.person_key is null
        or described.birth_year is distinct from known_persons.birth_year
        or described.sex is distinct from known_persons.sex
        or described.population_group is distinct from known_persons.population_group

)

select * from final
