{#- After a build on Spark: how many rows each table has that the warehouse takes in, by Spark's own count, so that whoever
    reads the files can tell whether all of them are there (flows/spark/exchange.py). -#}

{% macro count_rows_built(results) -%}
    {{ return(adapter.dispatch('count_rows_built', 'flyttepanel')(results)) }}
{%- endmacro %}

{% macro default__count_rows_built(results) -%}{%- endmacro %}

{% macro spark__count_rows_built(results) -%}
    {%- set tables = [] -%}
    {%- for result in results if execute and result.status == 'success' and result.node.resource_type in ('model', 'seed') -%}
        {%- if result.node.config.materialized not in ('view', 'ephemeral') -%}
            {%- do tables.append(result.node.schema ~ '.' ~ result.node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if tables %}
create table intermediate.rows_built using parquet as
        {%- for table in tables %}
select '{{ table }}' as name, count(*) as n_rows from {{ table }}
            {%- if not loop.last %} union all{% endif %}
        {%- endfor %}
    {%- endif %}
{%- endmacro %}
