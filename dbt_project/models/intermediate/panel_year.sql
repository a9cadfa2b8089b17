with january_years as (

    select distinct year from {{ ref('stg_residence') }}

),

final as (

    select january_years.year
    from january_years
    inner join january_years as next_january
        on january_years.year + 1 = next_january.year
    where january_years.year between {{ var('first_year') }} and {{ var('last_year') }}

)

select * from final
