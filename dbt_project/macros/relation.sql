{#- Tables are named by schema, without the database. A view keeps the names that it was created with, and a database
    has the name of its file: a step's candidate copy is built under one file name and published under another. -#}
{% macro ref(model) -%}
    {% do return(builtins.ref(model).include(database=false)) %}
{%- endmacro %}

{% macro source(source_name, table_name) -%}
    {% do return(builtins.source(source_name, table_name).include(database=false)) %}
{%- endmacro %}
