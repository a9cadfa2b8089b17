with patterns as (

    select
        population_group,
        year,
        pattern_number,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality,
        stay,
        internal_move,
        emigration
    from {{ ref('pattern_year') }}

),

group_years as (

    select
        population_group,
        year,
        count(*) as n_patterns
    from patterns
    group by
        population_group,
        year

),

numbered_from as (

    select
        population_group,
        year,
        sum(n_patterns) over (
            order by
                population_group,
                year
        ) - n_patterns as first_cell_id
    from group_years

),

final as (

    select
        cast(numbered_from.first_cell_id + patterns.pattern_number - 1 as integer) as cell_id,
        patterns.population_group,
        patterns.year,
        patterns.sex,
        patterns.age,
        patterns.family_situation,
        patterns.labour_market_status,
        patterns.education,
        patterns.centrality,
        patterns.stay,
        patterns.internal_move,
        patterns.emigration
    from patterns
    inner join numbered_from
        on
            patterns.population_group = numbered_from.population_group
            and patterns.year = numbered_from.year

)

select * from final
