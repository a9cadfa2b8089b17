{{ config(materialized='view') }}

with statuses as (

    select
        lopenr_person,
        year,
        status_code
    from {{ ref('stg_labour_market') }}

),

final as (

    select
        lopenr_person,
        cast(year + 1 as smallint) as panel_year,
        {{ level_of('status_code', 'labour_market_status') }} as labour_market_status
    from statuses

)

select * from final
