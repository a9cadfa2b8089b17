{#- Years that are built anew when something they rest on has changed, and left alone otherwise (docs/decisions). -#}

{#- What tells a row from any other. (Spark, where every year is made anew, fingerprints nothing.) -#}
{% macro hash_of(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{#- An aggregate that tells the rows of a group from any other rows, in whatever order they stand. -#}
{% macro content_of(columns) -%}
    concat(count(*), ' ', sum({{ hash_of(columns) }}))
{%- endmacro %}

{#- Registers of events: each says something of few persons, whose rows alone are made anew when it changes. -#}
{% macro event_registers() -%}
    {{ return(['death', 'emigration', 'internal_move', 'first_event']) }}
{%- endmacro %}

{#- Whether this build is one of everything, changed or not; a view cannot ask whether it is made for some years alone. -#}
{% macro makes_every_year_anew() -%}
    {{ return(flags.FULL_REFRESH) }}
{%- endmacro %}

{#- Before an incremental model that is small: its rows are all made anew. -#}
{% macro forget_all_rows() -%}
    {% if is_incremental() %}delete from {{ this }}{% endif %}
{%- endmacro %}

{#- Before an incremental model by year: years that are made anew go, or those of them for which a condition on
    `changed_year` holds, and years no longer in the panel. -#}
{% macro forget_changed_years(condition='true') -%}
    {% if is_incremental() %}
    delete from {{ this }}
    where
        year in (select year from {{ ref('changed_year') }} where {{ condition }})
        or year not in (select year from {{ ref('panel_year') }})
    {% endif %}
{%- endmacro %}

{#- Before one with a row a person and year: of years that are made anew in part, the persons concerned go. -#}
{% macro forget_changed_persons() -%}
    {{ forget_changed_years('is_whole') }}
    {% if is_incremental() %}
        or (person_key, year) in (select person_key, year from {{ ref('changed_person_year') }})
    {% endif %}
{%- endmacro %}

{#- The panel years that are made anew in this build and for which a condition on `changed_year` holds, as a list. -#}
{% macro changed_years(condition) -%}
    {{ return(years_of(ref('changed_year'), condition)) }}
{%- endmacro %}

{#- The years that a table of years holds when a model is run, in order; none while the project is read. -#}
{% macro years_of(relation, condition='true') -%}
    {%- set query = 'select distinct year from ' ~ relation ~ ' where ' ~ condition ~ ' order by year' -%}
    {%- set found = run_query(query).columns[0].values() if execute else [] -%}
    {{ return(found | map('int') | list) }}
{%- endmacro %}

{#- Conditions on years. An incremental build writes the years themselves into the statement: engines carry numbers
    through views and joins down to every register's scan, and no sub-select so far. -#}

{#- One condition: a year is one of those listed. Of one it is an equality, which DuckDB carries to the other side of a join
    as it does no `in`; of none it is no `in (null)`: DuckDB would make all rows to leave them out. -#}
{% macro is_one_of(year, years) -%}
    {%- if years | length == 1 -%}
        {{ year }} = {{ years[0] }}
    {%- else -%}
        {{ year ~ ' in (' ~ years | join(', ') ~ ')' if years else 'false' }}
    {%- endif -%}
{%- endmacro %}

{#- One condition: the panel year is made anew in this build, as a whole or in part, or only if a condition on
    `changed_year` holds too. -#}
{% macro is_changed(year, condition='true') -%}
    {%- if is_incremental() -%}
        {{ is_one_of(year, changed_years(condition)) }}
    {%- else -%}
        {{ year }} in (select year from {{ ref('changed_year') }} where {{ condition }})
    {%- endif -%}
{%- endmacro %}

{#- One condition: the person's row of the panel year is made anew; the person by `person_key` or `lopenr_person`. -#}
{% macro is_made_anew(year, person) -%}
    {%- if is_incremental() -%}
        {{ is_changed(year) }}
        and (
            {{ is_changed(year, 'is_whole') }}
            or ({{ person }}, {{ year }}) in (select {{ person }}, year from {{ ref('changed_person_year') }})
        )
    {%- else -%}
        {{ is_changed(year) }}
    {%- endif -%}
{%- endmacro %}

{#- One condition: what a register says of the year is not what it said at the last build. True of all on Spark, and of all
    in DuckDB where Spark has built: nothing tells what the registers said then. -#}
{% macro is_changed_in(registers, year) -%}
    {{ return(adapter.dispatch('is_changed_in', 'flyttepanel')(registers, year)) }}
{%- endmacro %}

{% macro default__is_changed_in(registers, year) -%}
    {%- set contents = load_relation(ref('register_year_content')) if execute -%}
    {%- set condition = "changed_by = '" ~ invocation_id ~ "' and register in (" ~ text_list(registers) ~ ")" -%}
    {{ is_one_of(year, years_of(contents, condition)) if contents or not execute else 'true' }}
{%- endmacro %}

{% macro spark__is_changed_in(registers, year) -%}
    true
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
