-- The outcomes of the accounting are the rows of the panel.
with accounted as (

    select
        year,
        disposition as outcome,
        persons
    from {{ ref('panel_accounting') }}
    where disposition in ({{ text_list(var('outcomes')) }})

),

panel as (

    select
        year,
        outcome,
        count(*) as persons
    from {{ ref('person_year') }}
    group by
        year,
        outcome

)

select accounted.year
from accounted
left join panel
    on
        accounted.year = panel.year
        and accounted.outcome = panel.outcome
where accounted.persons <> coalesce(panel.persons, 0)
