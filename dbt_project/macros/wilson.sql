{#- A bound of Wilson's interval for a share of n; `sign` is - for the lower bound and + for the upper one. The level is
    study.yml's confidence level; the interval stays inside 0 and 1, and is never of no width at a share of 0 or 1. -#}
{% macro wilson_bound(share, n, sign) -%}
    {%- set z = var('confidence_z') -%}
    least(greatest(
        (
            {{ share }} + {{ z * z / 2 }} / {{ n }}
            {{ sign }} {{ z }} * sqrt({{ share }} * (1 - {{ share }}) / {{ n }} + {{ z * z / 4 }} / ({{ n }} * {{ n }}))
        ) / (1 + {{ z * z }} / {{ n }}),
        0
    ), 1)
{%- endmacro %}
