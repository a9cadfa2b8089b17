{#- A bound of Wilson's interval for a share of n; `sign` is - for the lower bound and + for the upper one. The level is
    study.yml's confidence level. The interval stays between 0 and 1, and has a width even at a share of 0 or 1.
    Numbers of the study are written as doubles (e0), because engines differ in how they divide decimals. -#}
{% macro wilson_bound(share, n, sign) -%}
    {%- set z = var('confidence_z') -%}
    least(greatest(
        (
            {{ share }} + {{ z * z / 2 }}e0 / {{ n }}
            {{ sign }} {{ z }}e0 * sqrt({{ share }} * (1 - {{ share }}) / {{ n }} + {{ z * z / 4 }}e0 / (cast({{ n }} as double) * {{ n }}))
        ) / (1 + {{ z * z }}e0 / {{ n }}),
        0
    ), 1)
{%- endmacro %}
