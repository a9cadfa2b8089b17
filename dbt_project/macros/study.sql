{#- The content of study.yml as SQL. flows/build.py makes the vars. -#}

{#- Codes as a list of text literals: 'a', 'b'. -#}
{% macro text_list(codes) -%}
    {%- for code in codes %}'{{ code }}'{% if not loop.last %}, {% endif %}{% endfor -%}
{%- endmacro %}

{#- Condition: the text begins with any of the prefixes. -#}
{% macro begins_with_any(text, prefixes) -%}
    ({%- for prefix in prefixes %}{{ text }} like '{{ prefix }}%'{% if not loop.last %} or {% endif %}{% endfor -%})
{%- endmacro %}

{#- The published level of a variable behind a register code; a missing or unlisted code gets the level for missing. -#}
{% macro level_of(code, variable) -%}
    {%- set category = var('categories')[variable] -%}
    case
        {%- for level, codes in category['codes'].items() %}
        when {{ code }} in ({{ text_list(codes) }}) then '{{ level }}'
        {%- endfor %}
        {%- if category['missing'] %}
        else '{{ category["missing"] }}'
        {%- endif %}
    end
{%- endmacro %}

{#- Whether a municipality code is known, unknown or not mainland on a 1 January (panel rules §5.5). `valid_code` is the
    same code in the classification of that date, null if the classification lacks it. -#}
{% macro municipality_kind(code, valid_code) -%}
    case
        when {{ code }} in ({{ text_list(var('unknown_codes')) }}) then 'unknown'
        when {{ begins_with_any(code, var('not_mainland_prefixes')) }} then 'not_mainland'
        when {{ valid_code }} is null then 'unknown'
        else 'known'
    end
{%- endmacro %}

{#- A position in var('outcomes') as SQL: stay 0, internal_move 1, emigration 2. -#}
{% macro outcome_number(outcome) -%}
    case {{ outcome }}
        {%- for level in var('outcomes') %}
        when '{{ level }}' then {{ loop.index0 }}
        {%- endfor %}
    end
{%- endmacro %}

{#- Municipalities are compared in the geography of this date. -#}
{% macro geography_date() -%}
    cast('{{ var("geography_date") }}' as date)
{%- endmacro %}

{#- Whether a change leads from a split code to a successor other than the one that the study chooses (panel rules
    §5.4). -#}
{% macro is_split_not_chosen(old_code, new_code) -%}
    (
        false
        {%- for split_code, chosen_code in var('split_successors').items() %}
        or ({{ old_code }} = '{{ split_code }}' and {{ new_code }} <> '{{ chosen_code }}')
        {%- endfor %}
    )
{%- endmacro %}

{#- A query that gives the texts as rows of one column. -#}
{% macro one_column(texts, name) -%}
    {%- for text in texts %}
    select '{{ text }}' as {{ name }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
