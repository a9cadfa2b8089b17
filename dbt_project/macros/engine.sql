{#- What engines say differently. Models call these and stay the same on DuckDB and Spark. -#}

{#- An aggregate: the values of a group as a list, in the order of `position`. -#}
{% macro list_in_order(value, position) -%}
    {{ return(adapter.dispatch('list_in_order', 'flyttepanel')(value, position)) }}
{%- endmacro %}

{% macro default__list_in_order(value, position) -%}
    {#- Sorting small lists costs a third of aggregating in order. -#}
    list_transform(
        list_sort(list({'position': {{ position }}, 'value': {{ value }}})), pair -> pair.value
    )
{%- endmacro %}

{% macro spark__list_in_order(value, position) -%}
    transform(array_sort(collect_list(struct({{ position }}, {{ value }}))), pair -> pair['{{ value }}'])
{%- endmacro %}

{#- The number of elements of a list. -#}
{% macro list_length(list) -%}
    {{ return(adapter.dispatch('list_length', 'flyttepanel')(list)) }}
{%- endmacro %}

{% macro default__list_length(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro spark__list_length(list) -%}
    size({{ list }})
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
