{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}
-- depends_on: {{ ref('register_year_content') }}

{# Reads only residences of changed years: residents of the other years got their keys in an earlier build. -#}
with mentions as (

    select lopenr_person from {{ ref('stg_person') }}
    union all
    select lopenr_person from {{ ref('stg_residence') }}
    {% if is_incremental() %}where {{ is_changed_in(['residence'], 'year') }}{% endif %}
    union all
    select lopenr_person from {{ ref('stg_migration_event') }}

),

known_persons as (

    {% if is_incremental() %}
    select
        person_key,
        lopenr_person
    from {{ this }}
    {% else %}
    select
        cast(null as bigint) as person_key,
        cast(null as {{ dbt.type_string() }}) as lopenr_person
    where false
    {% endif %}

),

-- Known persons are removed before `distinct`: in a yearly build few rows are then left.
new_persons as (

    select distinct mentions.lopenr_person
    from mentions
    left join known_persons
        on mentions.lopenr_person = known_persons.lopenr_person
    where
        mentions.lopenr_person is not null
        and known_persons.lopenr_person is null

),

last_key as (

    select coalesce(max(person_key), 0) as person_key
    from known_persons

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
