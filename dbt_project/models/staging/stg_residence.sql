with residences as (

    select
        lopenr_person,
        aar,
        bostedskommune,
        arrival
    from {{ source('raw', 'bostedskommune') }}

),

final as (

    select
        lopenr_person,
        aar as year,
        bostedskommune as municipality_code,
        arrival
    from residences
    where bostedskommune is not null

)

select * from final
