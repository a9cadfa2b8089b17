{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_changed_years() }}'
) }}
-- depends_on: {{ ref('panel_year') }}

with outcomes as (

    select
        person_key,
        lopenr_person,
        year,
        population_group,
        sex,
        age,
        municipality_code,
        municipality_code_2020,
        disposition,
        outcome_date
    from {{ ref('outcome_year') }}
    where disposition in ({{ text_list(var('outcomes')) }})

),

changed_years as (

    select year from {{ ref('changed_year') }}

),

families as (

    select
        lopenr_person,
        year,
        family_situation
    from {{ ref('family_situation_year') }}

),

labour_market_statuses as (

    select
        lopenr_person,
        panel_year,
        labour_market_status
    from {{ ref('labour_market_status_year') }}

),

educations as (

    select
        lopenr_person,
        panel_year,
        education
    from {{ ref('education_year') }}

),

municipalities as (

    select
        municipality_code,
        centrality
    from {{ ref('municipality') }}

),

final as (

    select
        outcomes.person_key,
        outcomes.year,
        outcomes.population_group,
        outcomes.age,
        outcomes.sex,
        coalesce(families.family_situation, '{{ var("family_situation")["missing"] }}') as family_situation,
        coalesce(
            labour_market_statuses.labour_market_status,
            '{{ var("categories")["labour_market_status"]["missing"] }}'
        ) as labour_market_status,
        coalesce(educations.education, '{{ var("categories")["education"]["missing"] }}') as education,
        municipalities.centrality,
        outcomes.municipality_code,
        outcomes.municipality_code_2020,
        outcomes.disposition as outcome,
        outcomes.outcome_date
    from outcomes
    inner join changed_years
        on outcomes.year = changed_years.year
    left join families
        on
            outcomes.lopenr_person = families.lopenr_person
            and outcomes.year = families.year
    left join labour_market_statuses
        on
            outcomes.lopenr_person = labour_market_statuses.lopenr_person
            and outcomes.year = labour_market_statuses.panel_year
    left join educations
        on
            outcomes.lopenr_person = educations.lopenr_person
            and outcomes.year = educations.panel_year
    left join municipalities
        on outcomes.municipality_code = municipalities.municipality_code

)

select * from final
