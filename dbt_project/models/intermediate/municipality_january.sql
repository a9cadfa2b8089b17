with municipalities as (

    select
        municipality_code,
        valid_from,
        valid_to
    from {{ ref('municipality_code') }}

),

geography as (

    select
        municipality_code,
        municipality_code_2020
    from {{ ref('municipality_geography') }}

),

panel_years as (

    select year from {{ ref('panel_year') }}

),

january_years as (

    select year from panel_years
    union
    select cast(year + 1 as smallint) as year from panel_years

),

final as (

    select
        january_years.year,
        municipalities.municipality_code,
        geography.municipality_code_2020
    from january_years
    inner join municipalities
        on
            municipalities.valid_from <= {{ first_of_january('january_years.year') }}
            and municipalities.valid_to > {{ first_of_january('january_years.year') }}
    left join geography
        on municipalities.municipality_code = geography.municipality_code

)

select * from final
