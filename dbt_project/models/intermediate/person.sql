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

final as (

    select
        keys.person_key,
        persons.lopenr_person,
        persons.birth_year,
        persons.sex,
        persons.population_group
    from persons
    inner join keys
        on persons.lopenr_person = keys.lopenr_person

)

select * from final
