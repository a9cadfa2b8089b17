{#- Schemas are named exactly staging, intermediate, marts and estimation, whatever the target's own schema is. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
