{#- The columns together identify a row, of which some may have no value; where none may, see `is_key`. -#}
{% test unique_combination(model, columns) %}
select
    {{ columns | join(', ') }}
from {{ model }}
group by
    {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
