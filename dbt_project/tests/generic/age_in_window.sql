{#- Every age is inside the study's window. -#}
{% test age_in_window(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} not between {{ var('age_first') }} and {{ var('age_last') }}
{% endtest %}
