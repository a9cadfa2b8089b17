{#- Every value is an exclusion of the panel rules §5.5 or an outcome. -#}
{% test is_disposition(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} not in ({{ text_list(dispositions()) }})
{% endtest %}
