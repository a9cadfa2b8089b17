with educations as (

    select
        lopenr_person,
        aar,
        bu
    from {{ source('raw', 'bu_utd') }}

),

final as (

    select
        lopenr_person,
        aar as year,
        bu as nus_code
    from educations

)

select * from final
