with persons as (

    select
        lopenr_person,
        foedsels_aar_mnd,
        doeds_aar_mnd,
        kjoenn,
        invkat
    from {{ source('raw', 'faste_oppl') }}

),

final as (

    select
        lopenr_person,
        {{ year_of_month('foedsels_aar_mnd') }} as birth_year,
        doeds_aar_mnd as death_month,
        {{ level_of('kjoenn', 'sex') }} as sex,
        {{ level_of('invkat', 'population_group') }} as population_group
    from persons

)

select * from final
