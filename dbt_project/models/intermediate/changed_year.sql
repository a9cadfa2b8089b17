{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_all_rows() }}') }}
-- depends_on: {{ ref('register_year_content') }}, {{ ref('person') }}, {{ ref('stg_residence') }}

with panel_years as (

    select year from {{ ref('panel_year') }}

),

{% if is_incremental() %}
changed_contents as (

    select
        register,
        year
    from {{ ref('register_year_content') }}
    where changed_by = '{{ invocation_id }}'

),

changed_persons as (

    select lopenr_person
    from {{ ref('person') }}
    where changed_by = '{{ invocation_id }}'

),

residences as (

    select
        lopenr_person,
        year
    from {{ ref('stg_residence') }}

),

{# The panel years that a register-year concerns, and whether it concerns everybody in them: panel rules §5.3 and §5.6.
   A person's fixed information decides whether they are at risk: if it changes, those not at risk are counted anew. #}
described_years as (

    select
        year,
        register not in ({{ text_list(event_registers()) }}) as is_whole,
        register not in ({{ text_list(event_registers()) }}) as is_counted_anew
    from changed_contents
    where register not in ('labour_market', 'education')

    union all

    select
        cast(year - 1 as smallint) as year,
        true as is_whole,
        true as is_counted_anew
    from changed_contents
    where register in ('residence', 'registration_status')

    union all

    select
        cast(year + 1 as smallint) as year,
        true as is_whole,
        true as is_counted_anew
    from changed_contents
    where register in ('labour_market', 'education')

    union all

    select
        residences.year,
        false as is_whole,
        true as is_counted_anew
    from residences
    inner join changed_persons
        on residences.lopenr_person = changed_persons.lopenr_person

),

final as (

    select
        panel_years.year,
        bool_or(described_years.is_whole) as is_whole,
        bool_or(described_years.is_counted_anew) as is_counted_anew
    from panel_years
    inner join described_years
        on panel_years.year = described_years.year
    group by panel_years.year

)
{% else %}
final as (

    select
        year,
        true as is_whole,
        true as is_counted_anew
    from panel_years

)
{% endif %}

select * from final
