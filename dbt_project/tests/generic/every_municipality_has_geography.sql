{#- Every code of the classification has a municipality in the study's geography. -#}
{% test every_municipality_has_geography(model) %}
select municipality_codes.municipality_code
from {{ ref('municipality_code') }} as municipality_codes
left join {{ model }} as geography
    on municipality_codes.municipality_code = geography.municipality_code
where geography.municipality_code is null
{% endtest %}
