{#- Years that are built anew when something they rest on has changed, and left alone otherwise (docs/decisions). -#}

{#- An aggregate that tells the rows of a group from any other rows, in whatever order they stand.
    (Spark, where every year is made anew, fingerprints nothing.) -#}
{% macro content_of(columns) -%}
    concat(count(*), ' ', sum(hash({{ columns | join(', ') }})))
{%- endmacro %}

{#- Before an incremental model that is small: its rows are all made anew. -#}
{% macro forget_all_rows() -%}
    {% if is_incremental() %}delete from {{ this }}{% endif %}
{%- endmacro %}

{#- Before an incremental model by year: years that are made anew go, and those no longer in the panel. -#}
{% macro forget_changed_years() -%}
    {% if is_incremental() %}
    delete from {{ this }}
    where
        year in (select year from {{ ref('changed_year') }})
        or year not in (select year from {{ ref('panel_year') }})
    {% endif %}
{%- endmacro %}

{#- The panel years that are made anew in this build, as a list. -#}
{% macro changed_years() -%}
    {{ return(years_of(ref('changed_year'))) }}
{%- endmacro %}

{#- The years that a table of years holds when a model is run, in order; none while the project is read. -#}
{% macro years_of(relation) -%}
    {%- set found = run_query('select year from ' ~ relation ~ ' order by year').columns[0].values() if execute else [] -%}
    {{ return(found | map('int') | list) }}
{%- endmacro %}

{#- One condition: the panel year is made anew in this build. An incremental build writes the years themselves into the
    statement: engines carry numbers through views and joins down to every register's scan, and no sub-select so far. -#}
{% macro is_changed(year) -%}
    {%- if is_incremental() -%}
        {{ year }} in ({{ changed_years() | join(', ') or 'null' }})
    {%- else -%}
        {{ year }} in (select year from {{ ref('changed_year') }})
    {%- endif -%}
{%- endmacro %}

{#- What a generic test looks at. Of a model that says `by_year`, our builds test the years they made anew: a year that
    does not pass is thrown away with its whole warehouse, so that the others have passed. Nothing throws away what is built
    by hand, where all years are tested. The table of years is named and not referred to, since every test would then wait
    for it; the model itself comes after it. -#}
{% macro get_where_subquery(relation) -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute -%}
    {%- if tested and tested.config.meta.get('by_year') and var('test_changed_years_alone', false) -%}
        {%- set changed = relation.incorporate(path={'schema': 'intermediate', 'identifier': 'changed_year'}) -%}
        (select * from {{ relation }} where year in (select year from {{ changed }})) as {{ relation.identifier }}
    {%- else -%}
        {{ dbt.default__get_where_subquery(relation) }}
    {%- endif -%}
{%- endmacro %}
