{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook='{{ forget_changed_years() }}'
) }}
-- depends_on: {{ ref('panel_year') }}

with person_years as (

    select
        population_group,
        year,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality,
        outcome
    from {{ ref('person_year') }}
    where {{ is_changed('year') }}

),

counted as (

    select
        population_group,
        year,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality,
        cast(sum(case when outcome = 'stay' then 1 else 0 end) as bigint) as stay,
        cast(sum(case when outcome = 'internal_move' then 1 else 0 end) as bigint) as internal_move,
        cast(sum(case when outcome = 'emigration' then 1 else 0 end) as bigint) as emigration
    from person_years
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
        population_group,
        year,
        cast(
            row_number() over (
                partition by
                    population_group,
                    year
                order by
                    sex,
                    age,
                    family_situation,
                    labour_market_status,
                    education,
                    centrality
            ) as integer
        ) as pattern_number,
        sex,
        age,
        family_situation,
        labour_market_status,
        education,
        centrality,
        stay,
        internal_move,
        emigration
    from counted

)

select * from final
