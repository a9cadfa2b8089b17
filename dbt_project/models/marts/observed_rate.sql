with counted as (

    select
        population_group,
        centrality,
        year,
        outcome,
        count(*) as n_person_years
    from {{ ref('person_year') }}
    group by
        population_group,
        centrality,
        year,
        outcome

),

counted_with_total as (

    select population_group, centrality, year, outcome, n_person_years from counted
    union all
    select population_group, centrality, cast(null as smallint) as year, outcome, n_person_years from counted

),

outcomes as (

    {{ one_column(var('outcomes'), 'outcome') }}

),

rates as (

    select
        counted_with_total.population_group,
        counted_with_total.centrality,
        counted_with_total.year,
        outcomes.outcome,
        sum(counted_with_total.n_person_years) as n_person_years,
        sum(
            case
                when counted_with_total.outcome = outcomes.outcome then counted_with_total.n_person_years
                else 0
            end
        ) as n_events
    from counted_with_total
    cross join outcomes
    group by
        counted_with_total.population_group,
        counted_with_total.centrality,
        counted_with_total.year,
        outcomes.outcome

),

shares as (

    select
        population_group,
        centrality,
        year,
        outcome,
        cast(n_person_years as bigint) as n_person_years,
        cast(n_events as bigint) as n_events,
        cast(n_events as double) / n_person_years as share
    from rates

),

final as (

    select
        population_group,
        centrality,
        year,
        outcome,
        n_person_years,
        n_events,
        share,
        {{ wilson_bound('share', 'n_person_years', '-') }} as ci_low,
        {{ wilson_bound('share', 'n_person_years', '+') }} as ci_high
    from shares

)

select * from final
