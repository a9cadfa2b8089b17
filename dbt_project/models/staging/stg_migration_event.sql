with events as (

    select
        lopenr_person,
        flyttedato,
        regdato,
        flyttetype,
        fra_kommnr,
        til_kommnr,
        fra_land,
        til_land
    from {{ source('raw', 'flytting') }}

),

final as (

    select
        lopenr_person,
        flyttedato as moved_date,
        regdato as registered_date,
        coalesce(flyttedato, regdato) as event_date,
        case flyttetype
            when '1' then 'internal_move'
            when '2' then 'immigration'
            when '3' then 'emigration'
        end as event_type,
        fra_kommnr as from_municipality_code,
        til_kommnr as to_municipality_code,
        fra_land as from_country_code,
        til_land as to_country_code
    from events

)

select * from final
