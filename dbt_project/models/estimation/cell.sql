with counted as (

    select
        population_group,
        year,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality,
        sum(case when outcome = 'stay' then 1 else 0 end) as stay,
        sum(case when outcome = 'internal_move' then 1 else 0 end) as internal_move,
        sum(case when outcome = 'emigration' then 1 else 0 end) as emigration
    from {{ ref('person_year') }}
    group by
        population_group,
        year,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality

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
        cast(stay as bigint) as stay,
        cast(internal_move as bigint) as internal_move,
        cast(emigration as bigint) as emigration
    from counted

)

select * from final
