{#- How tables of a panel year's rows are filled in DuckDB. -#}

{#- An incremental model that appends fills its table straight from its query: dbt would write every row twice, first into
    a temporary table. A view of that table's name stands in for it.
    A model that says `by_year` is filled one panel year after another, whenever it is made: its joins then need a year's
    memory and not all years', and are faster than joins that spill. One that says `appended_by_year` is so where only changed
    years are made: in a statement for whole years and for persons of others, joins of few would be planned as if of all. The
    rest is made as dbt-duckdb makes it. -#}
{% macro duckdb__create_table_as(
    temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none
) -%}
    {%- if temporary and config.get('incremental_strategy') == 'append' -%}
        {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(compiled_code) }}{%- endif %}
        create or replace temporary view {{ relation.include(database=false, schema=false) }} as (
            {{ compiled_code }}
        );
    {%- elif config.get('meta', {}).get('by_year') -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
        create table {{ relation }} {{ get_table_columns_and_constraints() }};
        {{ inserts_by_year(relation, '(' ~ compiled_code ~ ')') }}
    {%- else -%}
        {{ dbt.duckdb__create_table_as(
            temporary, relation, compiled_code, language, partitioned_by=partitioned_by, sorted_by=sorted_by
        ) }}
    {%- endif -%}
{%- endmacro %}

{#- Called by dbt for an incremental model that appends. -#}
{% macro duckdb__get_incremental_append_sql(arguments) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- if meta.get('by_year') or meta.get('appended_by_year') -%}
        {{ inserts_by_year(arguments['target_relation'], arguments['temp_relation']) }}
    {%- else -%}
        {{ dbt.default__get_incremental_append_sql(arguments) }}
    {%- endif -%}
{%- endmacro %}

{#- The rows of each panel year that is made anew as a whole, a statement a year, and those of all others, which are few,
    in one. -#}
{% macro inserts_by_year(relation, source) -%}
    {%- set columns = model.columns.keys() | join(', ') -%}
    {%- for years in changed_years('is_whole') | batch(1) | list + [changed_years('not is_whole')] %}
    insert into {{ relation }} ({{ columns }})
    select {{ columns }} from {{ source }} as made where {{ is_one_of('year', years) }};
    {%- endfor %}
{%- endmacro %}
