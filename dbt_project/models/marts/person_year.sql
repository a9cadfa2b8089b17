{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_changed_persons() }}'
) }}
-- depends_on: {{ ref('panel_year') }}, {{ ref('changed_person_year') }}

with outcomes as (

    select
        person_key,
        year,
        municipality_code,
        disposition,
        outcome_date
    from {{ ref('outcome_year') }}
    where
        {{ is_made_anew('year', 'person_key') }}
        and disposition in ({{ text_list(var('outcomes')) }})

),

persons as (

    select
        person_key,
        lopenr_person,
        birth_year,
        sex,
        population_group
    from {{ ref('person') }}

),

families as (

    select
        lopenr_person,
        year,
        family_situation
    from {{ ref('family_situation_year') }}
    where {{ is_made_anew('year', 'lopenr_person') }}

),

labour_market_statuses as (

    select
        lopenr_person,
        panel_year,
        labour_market_status
    from {{ ref('labour_market_status_year') }}
    where {{ is_made_anew('panel_year', 'lopenr_person') }}

),

educations as (

    select
        lopenr_person,
        panel_year,
        education
    from {{ ref('education_year') }}
    where {{ is_made_anew('panel_year', 'lopenr_person') }}

),

municipalities as (

    select
        municipality_code,
        municipality_code_2020,
        centrality
    from {{ ref('municipality') }}

),

final as (

    select
        outcomes.person_key,
        outcomes.year,
        persons.population_group,
        {{ age_in('outcomes.year', 'persons.birth_year') }} as age,
        persons.sex,
        coalesce(families.family_situation, '{{ var("family_situation")["missing"] }}') as family_situation,
        coalesce(
            labour_market_statuses.labour_market_status,
            '{{ var("categories")["labour_market_status"]["missing"] }}'
        ) as labour_market_status,
        coalesce(educations.education, '{{ var("categories")["education"]["missing"] }}') as education,
        municipalities.centrality,
        outcomes.municipality_code,
        municipalities.municipality_code_2020,
        outcomes.disposition as outcome,
        outcomes.outcome_date
    from outcomes
    inner join persons
        on outcomes.person_key = persons.person_key
    left join families
        on
            persons.lopenr_person = families.lopenr_person
            and outcomes.year = families.year
    left join labour_market_statuses
        on
            persons.lopenr_person = labour_market_statuses.lopenr_person
            and outcomes.year = labour_market_statuses.panel_year
    left join educations
        on
            persons.lopenr_person = educations.lopenr_person
            and outcomes.year = educations.panel_year
    left join municipalities
        on outcomes.municipality_code = municipalities.municipality_code

)

select * from final
