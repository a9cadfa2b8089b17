{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

with persons as (

    select lopenr_person from {{ ref('stg_person') }}
    union
    select lopenr_person from {{ ref('stg_residence') }}
    union
    select lopenr_person from {{ ref('stg_migration_event') }}

),

new_persons as (

    select persons.lopenr_person
    from persons
    where persons.lopenr_person is not null
    {% if is_incremental() %}
        and not exists (
            select known.lopenr_person
            from {{ this }} as known
            where known.lopenr_person = persons.lopenr_person
        )
    {% endif %}

),

last_key as (

    {% if is_incremental() %}
    select coalesce(max(person_key), 0) as person_key from {{ this }}
    {% else %}
    select 0 as person_key
    {% endif %}

),

final as (

    select
        cast(
            last_key.person_key + row_number() over (order by new_persons.lopenr_person) as bigint
        ) as person_key,
        new_persons.lopenr_person
    from new_persons
    cross join last_key

)

select * from final
