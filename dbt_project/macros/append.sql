{#- How DuckDB fills tables that hold rows of panel years. -#}

{#- An incremental model that appends fills its table directly from its query. dbt would write every row twice, first
    into a temporary table; a view with that table's name replaces it here.
    A model with `by_year` is always filled one panel year at a time: its joins then need memory for one year instead of
    all, and are faster than joins that spill to disk.
    A model with `appended_by_year` is filled by year only in an incremental build. In one statement for both whole
    years and single persons of other years, DuckDB would plan the joins of the few persons as if they were joins of
    everybody.
    All other tables are created as dbt-duckdb does it. -#}
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

{#- dbt calls this for an incremental model that appends. -#}
{% macro duckdb__get_incremental_append_sql(arguments) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- if meta.get('by_year') or meta.get('appended_by_year') -%}
        {{ inserts_by_year(arguments['target_relation'], arguments['temp_relation']) }}
    {%- else -%}
        {{ dbt.default__get_incremental_append_sql(arguments) }}
    {%- endif -%}
{%- endmacro %}

{#- One insert for each panel year that is rebuilt as a whole, and one insert for the few rows of all other years. -#}
{% macro inserts_by_year(relation, source) -%}
    {%- set columns = model.columns.keys() | join(', ') -%}
    {%- for years in changed_years('is_whole') | batch(1) | list + [changed_years('not is_whole')] %}
    insert into {{ relation }} ({{ columns }})
    select {{ columns }} from {{ source }} as made where {{ is_one_of('year', years) }};
    {%- endfor %}
{%- endmacro %}
