with recursive municipalities as (

    select
        municipality_code,
        valid_from,
        valid_to
    from {{ ref('municipality_code') }}

),

changes as (

    select
        old_code,
        new_code,
        valid_from
    from {{ ref('municipality_change') }}

),

forward_changes as (

    select
        old_code as code,
        new_code as next_code,
        valid_from as changed_on
    from changes
    where
        valid_from <= {{ geography_date() }}
        and not {{ is_split_not_chosen('old_code', 'new_code') }}

),

backward_changes as (

    select
        new_code as code,
        old_code as next_code,
        valid_from as changed_on
    from changes
    where valid_from > {{ geography_date() }}

),

steps as (

    select code, next_code, changed_on from forward_changes
    union all
    select code, next_code, changed_on from backward_changes

),

carried as (

    select
        municipality_code,
        municipality_code as carried_code,
        valid_from as carried_from,
        valid_to as carried_to
    from municipalities

    union all

    select
        carried.municipality_code,
        steps.next_code,
        municipalities.valid_from,
        municipalities.valid_to
    from carried
    inner join steps
        on carried.carried_code = steps.code
    inner join municipalities
        on steps.next_code = municipalities.municipality_code
    where
        (carried.carried_to <= {{ geography_date() }} and steps.changed_on = carried.carried_to)
        or (carried.carried_from > {{ geography_date() }} and steps.changed_on = carried.carried_from)

),

final as (

    select distinct
        municipality_code,
        carried_code as municipality_code_2020
    from carried
    where carried_from <= {{ geography_date() }} and carried_to > {{ geography_date() }}

)

select * from final
