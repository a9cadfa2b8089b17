{#- Differences between engines. Models call these macros and are the same on DuckDB and Spark. -#}

{#- An aggregate: the values of a group, one a year, as a list in the order of the panel's years. It keeps one value a
    year, so its state has a fixed size whatever the number of rows and can spill to disk; a list that is collected and
    then sorted cannot. -#}
{% macro list_by_year(value, year) -%}
    {{ return(adapter.dispatch('list_of_years', 'flyttepanel')(value, year, panel_years())) }}
{%- endmacro %}

{#- The years of the panel, read when a model runs; if there are none, a year 0 in which there is nobody. -#}
{% macro panel_years() -%}
    {{ return(years_of(ref('panel_year')) or [0]) }}
{%- endmacro %}

{% macro default__list_of_years(value, year, years) -%}
    list_filter(
        [
            {%- for one in years %}
            max({{ value }}) filter ({{ year }} = {{ one }}){{ ',' if not loop.last }}
            {%- endfor %}
        ],
        in_year -> in_year is not null
    )
{%- endmacro %}

{% macro spark__list_of_years(value, year, years) -%}
    filter(
        array(
            {%- for one in years %}
            max({{ value }}) filter (where {{ year }} = {{ one }}){{ ',' if not loop.last }}
            {%- endfor %}
        ),
        in_year -> in_year is not null
    )
{%- endmacro %}

{#- How a model replaces rows of the same key. Spark's plain tables cannot; they are always built in full
    (docs/scale.md). -#}
{% macro strategy_by_key() -%}
    {{ return(adapter.dispatch('strategy_by_key', 'flyttepanel')()) }}
{%- endmacro %}

{% macro default__strategy_by_key() -%}
    {{ return('delete+insert') }}
{%- endmacro %}

{% macro spark__strategy_by_key() -%}
    {{ return('append') }}
{%- endmacro %}
