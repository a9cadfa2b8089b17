with patterns as (

    select
        population_group,
        year,
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

final as (

    select
        cast(
            row_number() over (
                order by
                    population_group,
                    year,
                    sex,
                    age,
                    family_situation,
                    labour_market_status,
                    education,
                    centrality
            ) - 1 as integer
        ) as cell_id,
        population_group,
        year,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality,
        stay,
        internal_move,
        emigration
    from patterns

)

select * from final
