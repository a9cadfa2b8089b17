{{ config(materialized='view') }}

with educations as (

    select
        lopenr_person,
        year,
        substring(nus_code, 1, 1) as level_code
    from {{ ref('stg_education') }}

),

final as (

    select
        lopenr_person,
        cast(year + 1 as smallint) as panel_year,
        {{ level_of('level_code', 'education') }} as education
    from educations

)

select * from final
