-- Nobody vanishes: a year's dispositions sum to the persons with a municipality on its 1 January.
with accounted as (

    select
        year,
        sum(persons) as persons
    from {{ ref('panel_accounting') }}
    group by year

),

residents as (

    select
        year,
        count(*) as persons
    from {{ ref('stg_residence') }}
    group by year

)

select accounted.year
from accounted
left join residents
    on accounted.year = residents.year
where accounted.persons <> coalesce(residents.persons, 0)
