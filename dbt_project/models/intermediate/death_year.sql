with persons as (

    select
        lopenr_person,
        death_month
    from {{ ref('stg_person') }}
    where death_month is not null

),

statuses as (

    select
        lopenr_person,
        status_since
    from {{ ref('stg_registration_status') }}
    where
        registration_status = '{{ var("dead_status") }}'
        and status_since is not null

),

deaths as (

    select
        lopenr_person,
        {{ year_of_month('death_month') }} as year,
        death_month,
        cast(null as integer) as status_month
    from persons

    union all

    select
        lopenr_person,
        {{ year_of('status_since') }} as year,
        cast(null as integer) as death_month,
        {{ month_of('status_since') }} as status_month
    from statuses

),

final as (

    select
        lopenr_person,
        year,
        coalesce(min(death_month), min(status_month)) as death_month
    from deaths
    group by
        lopenr_person,
        year

)

select * from final
