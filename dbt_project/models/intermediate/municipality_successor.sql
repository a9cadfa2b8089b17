with recursive changes as (

    select
        old_code,
        new_code,
        valid_from
    from {{ ref('municipality_change') }}

),

successors as (

    select
        old_code,
        new_code,
        valid_from as changed_on
    from changes

    union all

    select
        successors.old_code,
        changes.new_code,
        changes.valid_from
    from successors
    inner join changes
        on
            successors.new_code = changes.old_code
            and successors.changed_on < changes.valid_from

),

final as (

    select distinct
        old_code as municipality_code,
        new_code as successor_code
    from successors

)

select * from final
