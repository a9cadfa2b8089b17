{#- Tables are named by schema and not by database. A view keeps the names it was made with, and the name of the database
    is that of its file: the candidate copy that a step works on is built under one name and published under another. -#}
{% macro ref(model) -%}
    {% do return(builtins.ref(model).include(database=false)) %}
{%- endmacro %}

{% macro source(source_name, table_name) -%}
    {% do return(builtins.source(source_name, table_name).include(database=false)) %}
{%- endmacro %}
