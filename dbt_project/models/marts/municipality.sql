with municipalities as (

    select
        municipality_code,
        municipality_name,
        valid_from,
        valid_to
    from {{ ref('municipality_code') }}

),

geography as (

    select
        municipality_code,
        municipality_code_2020
    from {{ ref('municipality_geography') }}

),

centralities as (

    select
        municipality_code_2020,
        {{ level_of('centrality_class', 'centrality') }} as centrality
    from {{ ref('municipality_centrality') }}

),

final as (

    select
        municipalities.municipality_code,
        municipalities.municipality_name,
        municipalities.valid_from,
        municipalities.valid_to,
        centralities.centrality,
        geography.municipality_code_2020
    from municipalities
    left join geography
        on municipalities.municipality_code = geography.municipality_code
    left join centralities
        on geography.municipality_code_2020 = centralities.municipality_code_2020

)

select * from final
