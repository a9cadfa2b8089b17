{{ config(materialized='view') }}
-- depends_on: {{ ref('changed_year') }}, {{ ref('changed_person_year') }}

with residences as (

    select
        lopenr_person,
        year,
        municipality_code
    from {{ ref('stg_residence') }}

),

panel_years as (

    select year from {{ ref('panel_year') }}

),

municipalities as (

    select
        year,
        municipality_code,
        municipality_code_2020
    from {{ ref('municipality_january') }}

),

other_statuses as (

    select
        lopenr_person,
        year,
        registration_status
    from {{ ref('stg_registration_status') }}
    where registration_status <> '{{ var("resident_status") }}'

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

{% if makes_every_year_anew() %}
marked_residences as (

    select
        lopenr_person,
        year,
        municipality_code,
        true as is_made_anew
    from residences

),
{% else %}
changed_years as (

    select
        year,
        is_whole
    from {{ ref('changed_year') }}

),

changed_person_years as (

    select
        lopenr_person,
        year
    from {{ ref('changed_person_year') }}

),

-- Marked before the other joins, so that a query for the rebuilt rows joins few rows if few have changed.
marked_residences as (

    select
        residences.lopenr_person,
        residences.year,
        residences.municipality_code,
        coalesce(changed_years.is_whole, false) or changed_person_years.lopenr_person is not null as is_made_anew
    from residences
    left join changed_years
        on residences.year = changed_years.year
    left join changed_person_years
        on
            residences.lopenr_person = changed_person_years.lopenr_person
            and residences.year = changed_person_years.year

),
{% endif %}

described as (

    select
        persons.person_key,
        residences.lopenr_person,
        residences.year,
        residences.municipality_code,
        municipalities.municipality_code_2020,
        {{ municipality_kind('residences.municipality_code', 'municipalities.municipality_code') }}
            as municipality_kind,
        residences.is_made_anew,
        other_statuses.registration_status as other_status,
        persons.sex,
        persons.population_group,
        {{ age_in('residences.year', 'persons.birth_year') }} as age
    from marked_residences as residences
    inner join panel_years
        on residences.year = panel_years.year
    left join municipalities
        on
            residences.year = municipalities.year
            and residences.municipality_code = municipalities.municipality_code
    left join other_statuses
        on
            residences.lopenr_person = other_statuses.lopenr_person
            and residences.year = other_statuses.year
    left join persons
        on residences.lopenr_person = persons.lopenr_person

),

final as (

    select
        person_key,
        lopenr_person,
        year,
        population_group,
        sex,
        age,
        municipality_code,
        municipality_code_2020,
        is_made_anew,
        case
            when municipality_kind = 'unknown' then 'unknown_municipality'
            when municipality_kind = 'not_mainland' then 'not_mainland'
            when other_status is not null then 'not_resident'
            when sex is null or age is null then 'unknown_person'
            when population_group is null then 'unknown_group'
            when age not between {{ var('age_first') }} and {{ var('age_last') }} then 'age_outside_window'
        end as exclusion
    from described

)

select * from final
