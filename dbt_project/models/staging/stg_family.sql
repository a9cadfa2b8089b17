with families as (

    select
        lopenr_person,
        aar,
        lopenr_familie,
        regstat_famtyp,
        parstatus,
        arrival
    from {{ source('raw', 'hush_fam') }}

),

final as (

    select
        lopenr_person,
        aar as year,
        regstat_famtyp as family_type,
        parstatus as couple_status,
        coalesce(lopenr_familie = lopenr_person, false) as is_reference_person,
        arrival
    from families

)

select * from final
