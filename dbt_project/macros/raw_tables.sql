{#- The source of the raw tables. In DuckDB they are in the warehouse file. Spark reads what the warehouse exported for
    it (flows/spark): one folder of Parquet files for each register, and the keys that persons already have. -#}

{% macro register_raw_tables() -%}
    {{ return(adapter.dispatch('register_raw_tables', 'flyttepanel')()) }}
{%- endmacro %}

{% macro default__register_raw_tables() -%}{%- endmacro %}

{% macro spark__register_raw_tables() -%}
    {%- if execute -%}
        {%- set folder = env_var('FLYTTEPANEL_SPARK') -%}
        {%- for schema in ('raw', 'intermediate') -%}
            {%- do run_query('create schema if not exists ' ~ schema) -%}
        {%- endfor -%}
        {%- for source_node in graph.sources.values() | selectattr('source_name', 'equalto', 'raw') -%}
            {%- do run_query(external_table('raw', source_node.name, folder ~ '/raw/' ~ source_node.name)) -%}
        {%- endfor -%}
        {%- do run_query(external_table('intermediate', 'person_key', folder ~ '/warehouse/intermediate.db/person_key')) -%}
        {#- dbt listed the existing tables before this ran, so its cache lacks this one. -#}
        {%- do adapter.cache_added(api.Relation.create(schema='intermediate', identifier='person_key', type='table')) -%}
    {%- endif -%}
{%- endmacro %}

{% macro external_table(schema, name, folder) -%}
    {%- set quoted = folder | replace('\\', '\\\\') | replace("'", "\\'") -%}
    create table if not exists {{ schema }}.{{ name }} using parquet location '{{ quoted }}'
{%- endmacro %}
