{#- The columns together identify a row: no two rows have the same values, and no value is missing. -#}
{% test is_key(model, columns) %}
select
    {{ columns | join(', ') }}
from {{ model }}
group by
    {{ columns | join(', ') }}
having count(*) > 1 or {{ columns | join(' is null or ') }} is null
{% endtest %}
