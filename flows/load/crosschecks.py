"""What can only be seen with several registers together: counted for the arrivals just loaded, never refused."""

from collections.abc import Sequence

import duckdb

# Each: register, column, rule, and SQL giving (year, arrival, n_rows) over the rows of `raw` that came with {arrivals}.
# Earlier rows, with persons who have not changed, are not checked again. A person's years are bits of one number (1950
# is the lowest): that takes a third of the time of joining every year with the one before, and far less memory. Persons
# are looked up by the hash of their key, in a quarter of the time. With a million unknown keys and ten million persons,
# the chance that any unknown key passes for a known one is one in two million.
UNKNOWN_PERSON = "hash({key}) not in (select hash(lopenr_person) from raw.faste_oppl)"
CROSSCHECKS = {
    ("flytting", "lopenr_person", "event_of_unknown_person"): f"""
        select aar, arrival, count(*) from raw.flytting
        where arrival in ({{arrivals}}) and {UNKNOWN_PERSON.format(key="flytting.lopenr_person")} group by all
    """,
    ("hush_fam", "lopenr_familie", "unknown_reference_person"): f"""
        select aar, arrival, count(*) from raw.hush_fam
        where arrival in ({{arrivals}}) and lopenr_familie is not null
            and {UNKNOWN_PERSON.format(key="hush_fam.lopenr_familie")}
        group by all
    """,
    ("faste_oppl", "lopenr_mor", "unknown_mother"): f"""
        select null, arrival, count(*) from raw.faste_oppl
        where arrival in ({{arrivals}}) and lopenr_mor is not null
            and {UNKNOWN_PERSON.format(key="faste_oppl.lopenr_mor")}
        group by all
    """,
    ("faste_oppl", "lopenr_far", "unknown_father"): f"""
        select null, arrival, count(*) from raw.faste_oppl
        where arrival in ({{arrivals}}) and lopenr_far is not null
            and {UNKNOWN_PERSON.format(key="faste_oppl.lopenr_far")}
        group by all
    """,
    ("bostedskommune", "bostedskommune", "arrival_without_event"): """
        with brought as (
            select aar, any_value(arrival) as arrival from raw.bostedskommune where arrival in ({arrivals}) group by aar
        ),
        compared as (
            from brought
            where aar - 1 in (select aar from raw.bostedskommune) and aar - 1 in (select aar from raw.flytting)
        ),
        resident as (
            select lopenr_person, bit_or(1::hugeint << (aar - 1950)) as years from raw.bostedskommune
            where aar in (select aar from compared) or aar + 1 in (select aar from compared)
            group by lopenr_person
        ),
        arrived as (
            select lopenr_person, aar, arrival from resident cross join compared
            where years & (1::hugeint << (aar - 1950)) <> 0 and years & (1::hugeint << (aar - 1951)) = 0
        ),
        immigrated as (select lopenr_person, aar + 1 as aar from raw.flytting where flyttetype = '2')
        select aar, arrived.arrival, count(*)
        from arrived
        anti join immigrated using (lopenr_person, aar)
        inner join raw.faste_oppl as person using (lopenr_person)
        where person.foedsels_aar_mnd // 100 < aar - 1
        group by all
    """,
    ("bostedskommune", "bostedskommune", "municipality_without_residents"): """
        with lived as (
            select aar, arrival, bostedskommune from raw.bostedskommune where arrival in ({arrivals}) group by all
        ),
        listed as (
            select aar, arrival, municipality_code as bostedskommune
            from (select distinct aar, arrival from lived)
            inner join municipality_code
                on valid_from <= make_date(aar, 1, 1) and valid_to > make_date(aar, 1, 1)
        )
        select aar, arrival, count(*) from listed anti join lived using (aar, bostedskommune) group by all
    """,
}


def note_crosschecks(con: duckdb.DuckDBPyConnection, arrivals: Sequence[int]) -> None:
    """Count contradictions between registers in the current versions that came with the given arrivals."""
    if not arrivals:
        return
    listed = ", ".join(map(str, arrivals))
    for (register, column, rule), query in CROSSCHECKS.items():
        con.execute(
            f"""
            insert into audit.load_finding
            select found.arrival, file_name, ?, year, ?, ?, 'noted', n_rows
            from ({query.format(arrivals=listed)}) as found(year, arrival, n_rows)
            left join (
                select arrival, register, any_value(file_name) as file_name
                from audit.delivery_file group by all having count(*) = 1
            ) as file on file.arrival = found.arrival and file.register = ?
        """,
            [register, column, rule, register],
        )
