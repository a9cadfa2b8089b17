{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ forget_changed_years("is_counted_anew") }}'
) }}
-- depends_on: {{ ref('panel_year') }}

with excluded as (

    select
        year,
        exclusion
    from {{ ref('resident_year') }}
    where
        {{ is_changed('year', 'is_counted_anew') }}
        and exclusion is not null

),

final as (

    select
        year,
        exclusion,
        count(*) as persons
    from excluded
    group by
        year,
        exclusion

)

select * from final
