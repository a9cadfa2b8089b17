with panel_years as (

    select year from {{ ref('panel_year') }}

),

dispositions as (

    {{ one_column(var('dispositions'), 'disposition') }}

),

excluded as (

    select
        year,
        exclusion as disposition,
        persons
    from {{ ref('excluded_year') }}

),

at_risk as (

    select
        year,
        disposition,
        count(*) as persons
    from {{ ref('outcome_year') }}
    group by
        year,
        disposition

),

counted as (

    select year, disposition, persons from excluded
    union all
    select year, disposition, persons from at_risk

),

final as (

    select
        panel_years.year,
        dispositions.disposition,
        cast(coalesce(sum(counted.persons), 0) as bigint) as persons
    from panel_years
    cross join dispositions
    left join counted
        on
            panel_years.year = counted.year
            and dispositions.disposition = counted.disposition
    group by
        panel_years.year,
        dispositions.disposition

)

select * from final
