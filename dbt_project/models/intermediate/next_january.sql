{{ config(materialized='view') }}

with at_risk as (

    select
        person_key,
        lopenr_person,
        year,
        municipality_code,
        municipality_code_2020,
        is_made_anew
    from {{ ref('resident_year') }}
    where exclusion is null

),

next_residences as (

    select
        lopenr_person,
        cast(year - 1 as smallint) as panel_year,
        year,
        municipality_code
    from {{ ref('stg_residence') }}

),

next_other_statuses as (

    select
        lopenr_person,
        cast(year - 1 as smallint) as panel_year,
        registration_status,
        status_since
    from {{ ref('stg_registration_status') }}
    where registration_status <> '{{ var("resident_status") }}'

),

municipalities as (

    select
        year,
        municipality_code,
        municipality_code_2020
    from {{ ref('municipality_january') }}

),

final as (

    select
        at_risk.person_key,
        at_risk.lopenr_person,
        at_risk.year,
        at_risk.municipality_code,
        at_risk.municipality_code_2020,
        at_risk.is_made_anew,
        next_residences.municipality_code as next_municipality_code,
        next_municipalities.municipality_code_2020 as next_municipality_code_2020,
        {{ municipality_kind('next_residences.municipality_code', 'next_municipalities.municipality_code') }}
            as next_municipality_kind,
        next_residences.municipality_code is not null
        and next_other_statuses.registration_status is null as is_resident_next,
        coalesce(
            next_other_statuses.registration_status in ({{ text_list(var('late_registration_statuses')) }})
            and (
                next_other_statuses.status_since is null
                or {{ year_of('next_other_statuses.status_since') }} in (at_risk.year - 1, at_risk.year)
            ),
            false
        ) as is_registered_as_left,
        next_other_statuses.status_since as next_status_since
    from at_risk
    left join next_residences
        on
            at_risk.lopenr_person = next_residences.lopenr_person
            and at_risk.year = next_residences.panel_year
    left join municipalities as next_municipalities
        on
            next_residences.year = next_municipalities.year
            and next_residences.municipality_code = next_municipalities.municipality_code
    left join next_other_statuses
        on
            at_risk.lopenr_person = next_other_statuses.lopenr_person
            and at_risk.year = next_other_statuses.panel_year

)

select * from final
