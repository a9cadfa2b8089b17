-- Cells and paths hold every person-year of the panel, once.
with panel as (

    select
        population_group,
        count(*) as person_years,
        count(distinct person_key) as persons
    from {{ ref('person_year') }}
    group by population_group

),

cells as (

    select
        population_group,
        sum(stay + internal_move + emigration) as person_years
    from {{ ref('cell') }}
    group by population_group

),

paths as (

    select
        population_group,
        sum(n_persons) as persons,
        sum(n_persons * {{ list_length('path') }}) as person_years
    from {{ ref('path') }}
    group by population_group

)

select panel.population_group
from panel
left join cells
    on panel.population_group = cells.population_group
left join paths
    on panel.population_group = paths.population_group
where
    panel.person_years <> coalesce(cells.person_years, 0)
    or panel.person_years <> coalesce(paths.person_years, 0)
    or panel.persons <> coalesce(paths.persons, 0)
