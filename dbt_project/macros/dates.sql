{#- Months are whole numbers YYYYMM, as in the registers. -#}

{% macro year_of(day) -%}
    cast(extract(year from {{ day }}) as smallint)
{%- endmacro %}

{% macro month_of(day) -%}
    cast(extract(year from {{ day }}) * 100 + extract(month from {{ day }}) as integer)
{%- endmacro %}

{% macro year_of_month(year_month) -%}
    cast(floor({{ year_month }} / 100) as smallint)
{%- endmacro %}

{#- 1 January of a year that is a column. -#}
{% macro first_of_january(year) -%}
    cast(concat(cast({{ year }} as {{ dbt.type_string() }}), '-01-01') as date)
{%- endmacro %}

{#- Completed years on 1 January of a year, whatever the month of birth (panel rules §5.1). -#}
{% macro age_in(year, birth_year) -%}
    cast({{ year }} - {{ birth_year }} - 1 as smallint)
{%- endmacro %}
