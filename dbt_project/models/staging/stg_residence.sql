with residences as (

    select
        lopenr_person,
        aar,
        bostedskommune
    from {{ source('raw', 'bostedskommune') }}

),

final as (

    select
        lopenr_person,
        aar as year,
        bostedskommune as municipality_code
    from residences
    where bostedskommune is not null

)

select * from final
