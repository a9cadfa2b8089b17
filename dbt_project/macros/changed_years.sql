{#- A panel year is rebuilt if something that it depends on has changed, and kept otherwise (docs/decisions). -#}

{#- A fingerprint of a row. (Not needed on Spark, which rebuilds every year.) -#}
{% macro hash_of(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{#- An aggregate: a fingerprint of the rows of a group, whatever their order. -#}
{% macro content_of(columns) -%}
    concat(count(*), ' ', sum({{ hash_of(columns) }}))
{%- endmacro %}

{#- Registers of events. An event concerns few persons, so when such a register changes only their rows are rebuilt. -#}
{% macro event_registers() -%}
    {{ return(['death', 'emigration', 'internal_move', 'first_event']) }}
{%- endmacro %}

{#- Whether this is a full build, of everything, changed or not. Views use this, because `is_incremental()` does not
    tell them whether only some years are rebuilt. -#}
{% macro makes_every_year_anew() -%}
    {{ return(flags.FULL_REFRESH) }}
{%- endmacro %}

{#- Pre-hook of a small incremental model: deletes all its rows, because the model writes all of them again. -#}
{% macro forget_all_rows() -%}
    {% if is_incremental() %}delete from {{ this }}{% endif %}
{%- endmacro %}

{#- Pre-hook of an incremental model by year: deletes the years that are rebuilt (only those that meet a condition on
    `changed_year`) and the years that are no longer in the panel. -#}
{% macro forget_changed_years(condition='true') -%}
    {% if is_incremental() %}
    delete from {{ this }}
    where
        year in (select year from {{ ref('changed_year') }} where {{ condition }})
        or year not in (select year from {{ ref('panel_year') }})
    {% endif %}
{%- endmacro %}

{#- Pre-hook of a model with one row per person and year: deletes as above the years that are rebuilt as a whole, and in
    years that are rebuilt in part the rows of the persons concerned. -#}
{% macro forget_changed_persons() -%}
    {{ forget_changed_years('is_whole') }}
    {% if is_incremental() %}
        or (person_key, year) in (select person_key, year from {{ ref('changed_person_year') }})
    {% endif %}
{%- endmacro %}

{#- A list of the panel years that this build rebuilds and that meet a condition on `changed_year`. -#}
{% macro changed_years(condition) -%}
    {{ return(years_of(ref('changed_year'), condition)) }}
{%- endmacro %}

{#- A list of the years in a table, in order, read when a model runs; empty while dbt parses the project. -#}
{% macro years_of(relation, condition='true') -%}
    {%- set query = 'select distinct year from ' ~ relation ~ ' where ' ~ condition ~ ' order by year' -%}
    {%- set found = run_query(query).columns[0].values() if execute else [] -%}
    {{ return(found | map('int') | list) }}
{%- endmacro %}

{#- Conditions on years. An incremental build writes the years as numbers into the statement: engines push numbers down
    through views and joins to the scan of every register, but do not push down a sub-select. -#}

{#- Condition: a year is in a list. For a single year it is an equality, because DuckDB carries an equality, but not an
    `in`, to the other side of a join. For an empty list it is `false`: with `in (null)` DuckDB would build every row
    before discarding it. -#}
{% macro is_one_of(year, years) -%}
    {%- if years | length == 1 -%}
        {{ year }} = {{ years[0] }}
    {%- else -%}
        {{ year ~ ' in (' ~ years | join(', ') ~ ')' if years else 'false' }}
    {%- endif -%}
{%- endmacro %}

{#- Condition: this build rebuilds the panel year, as a whole or in part, and the year meets a condition on
    `changed_year`. -#}
{% macro is_changed(year, condition='true') -%}
    {%- if is_incremental() -%}
        {{ is_one_of(year, changed_years(condition)) }}
    {%- else -%}
        {{ year }} in (select year from {{ ref('changed_year') }} where {{ condition }})
    {%- endif -%}
{%- endmacro %}

{#- Condition: this build rebuilds a person's row of the panel year; the person is `person_key` or `lopenr_person`. -#}
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

{#- Condition: a register's content for the year differs from that of the last build. Always true on Spark, and in
    DuckDB if Spark built the warehouse, because then nothing records what the registers held. -#}
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

{#- The rows that a generic test checks. In our own builds, tests of a model with `by_year` check only the rebuilt
    years: a year that fails is discarded with its whole warehouse, so all older years have passed. A build by hand
    discards nothing, so there all years are tested. `changed_year` is named directly instead of by `ref`, because
    otherwise every test would wait for it; the tested model is built after it anyway. -#}
{% macro get_where_subquery(relation) -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute -%}
    {%- if tested and tested.config.meta.get('by_year') and var('test_changed_years_alone', false) -%}
        {%- set changed = relation.incorporate(path={'schema': 'intermediate', 'identifier': 'changed_year'}) -%}
        (select * from {{ relation }} where year in (select year from {{ changed }})) as {{ relation.identifier }}
    {%- else -%}
        {{ dbt.default__get_where_subquery(relation) }}
    {%- endif -%}
{%- endmacro %}
