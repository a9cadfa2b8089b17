{#- Every value is a level that study.yml gives the variable. -#}
{% test level_of_study(model, column_name, variable) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} not in ({{ text_list(var('levels')[variable]) }})
{% endtest %}
