{#- What engines say differently. Models call these and stay the same on DuckDB and Spark. -#}

{#- An aggregate: the values of a group, one a year, as a list in the order of the years of the panel. An element a year is
    as small whatever the number of rows, so that it spills to disk; a list that is gathered and sorted is not. -#}
{% macro list_by_year(value, year) -%}
    {{ return(adapter.dispatch('list_of_years', 'flyttepanel')(value, year, panel_years())) }}
{%- endmacro %}

{#- The years of the panel, as they are when a model is run; a year of nobody where there are none. -#}
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

{#- How rows of the same key are replaced. Spark's plain tables cannot, and are always built in full (docs/scale.md). -#}
{% macro strategy_by_key() -%}
    {{ return(adapter.dispatch('strategy_by_key', 'flyttepanel')()) }}
{%- endmacro %}

{% macro default__strategy_by_key() -%}
    {{ return('delete+insert') }}
{%- endmacro %}

{% macro spark__strategy_by_key() -%}
    {{ return('append') }}
{%- endmacro %}
