with educations as (

    select
        lopenr_person,
        aar,
        bu,
        arrival
    from {{ source('raw', 'bu_utd') }}

),

final as (

    select
        lopenr_person,
        aar as year,
        bu as nus_code,
        arrival
    from educations

)

select * from final
