{{ config(materialized='view') }}

{%- set family = var('family_situation') %}

with families as (

    select
        lopenr_person,
        year,
        family_type,
        couple_status,
        is_reference_person
    from {{ ref('stg_family') }}

),

described as (

    select
        lopenr_person,
        year,
        is_reference_person,
        coalesce(couple_status in ({{ text_list(family['couple_statuses']) }}), false) as is_in_couple,
        coalesce(couple_status in ({{ text_list(family['married_statuses']) }}), false) as is_married,
        coalesce({{ begins_with_any('family_type', family['children_families']) }}, false) as has_children,
        coalesce({{ begins_with_any('family_type', family['alone_families']) }}, false) as is_alone,
        coalesce({{ begins_with_any('family_type', family['single_parent_families']) }}, false)
            as is_single_parent_family
    from families

),

final as (

    select
        lopenr_person,
        year,
        case
            when is_in_couple and is_married and has_children then 'married_with_children'
            when is_in_couple and is_married then 'married_no_children'
            when is_in_couple and has_children then 'cohabiting_with_children'
            when is_in_couple then 'cohabiting_no_children'
            when is_alone then 'alone'
            when is_single_parent_family and is_reference_person then 'single_parent'
            else '{{ family["other"] }}'
        end as family_situation
    from described

)

select * from final
