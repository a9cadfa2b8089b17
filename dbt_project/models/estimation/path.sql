with person_years as (

    select
        person_key,
        year,
        population_group,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality,
        outcome
    from {{ ref('person_year') }}

),

cells as (

    select
        cell_id,
        population_group,
        year,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality
    from {{ ref('cell') }}

),

coded as (

    select
        person_years.person_key,
        person_years.population_group,
        person_years.year,
        cells.cell_id * {{ var('outcomes') | length }} + {{ outcome_number('person_years.outcome') }} as cell_outcome
    from person_years
    inner join cells
        on
            person_years.population_group = cells.population_group
            and person_years.year = cells.year
            and person_years.sex = cells.sex
            and person_years.age = cells.age
            and person_years.family_situation = cells.family_situation
            and person_years.labour_market_status = cells.labour_market_status
            and person_years.education = cells.education
            and person_years.centrality = cells.centrality

),

person_paths as (

    select
        population_group,
        {{ list_by_year('cell_outcome', 'year') }} as path
    from coded
    group by
        person_key,
        population_group

),

final as (

    select
        population_group,
        count(*) as n_persons,
        path
    from person_paths
    group by
        population_group,
        path

)

-- Sorted, so that sums over paths are the same to the last digit, whatever the engine and its number of threads.
select * from final
order by
    population_group,
    path
