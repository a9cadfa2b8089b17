"""What can only be seen with several registers together: counted for the arrivals just loaded, never refused."""

from collections.abc import Sequence

import duckdb

# Each: register, column, rule, and SQL giving (year, n_rows) over the rows of `raw` that arrived with one of $arrivals.
UNKNOWN_PERSON = "not exists (select 1 from raw.faste_oppl as known where known.lopenr_person = {key})"
CROSSCHECKS = {
    ("flytting", "lopenr_person", "event_of_unknown_person"): f"""
        select aar, arrival, count(*) from raw.flytting
        where {UNKNOWN_PERSON.format(key="flytting.lopenr_person")} group by all
    """,
    ("hush_fam", "lopenr_familie", "unknown_reference_person"): f"""
        select aar, arrival, count(*) from raw.hush_fam
        where {UNKNOWN_PERSON.format(key="hush_fam.lopenr_familie")} and lopenr_familie is not null group by all
    """,
    ("faste_oppl", "lopenr_mor", "unknown_mother"): f"""
        select null, arrival, count(*) from raw.faste_oppl
        where {UNKNOWN_PERSON.format(key="faste_oppl.lopenr_mor")} and lopenr_mor is not null group by all
    """,
    ("faste_oppl", "lopenr_far", "unknown_father"): f"""
        select null, arrival, count(*) from raw.faste_oppl
        where {UNKNOWN_PERSON.format(key="faste_oppl.lopenr_far")} and lopenr_far is not null group by all
    """,
    ("bostedskommune", "bostedskommune", "arrival_without_event"): """
        select here.aar, here.arrival, count(*)
        from raw.bostedskommune as here
        inner join raw.faste_oppl as person on person.lopenr_person = here.lopenr_person
        where person.foedsels_aar_mnd // 100 < here.aar - 1
            and here.aar - 1 in (select aar from raw.bostedskommune)
            and here.aar - 1 in (select aar from raw.flytting)
            and not exists (select 1 from raw.bostedskommune as before
                where before.lopenr_person = here.lopenr_person and before.aar = here.aar - 1)
            and not exists (select 1 from raw.flytting as event
                where event.lopenr_person = here.lopenr_person and event.aar = here.aar - 1
                    and event.flyttetype = '2')
        group by all
    """,
    ("bostedskommune", "bostedskommune", "municipality_without_residents"): """
        select years.aar, years.arrival, count(*)
        from (select distinct aar, arrival from raw.bostedskommune) as years
        inner join municipality_code
            on valid_from <= make_date(years.aar, 1, 1) and valid_to > make_date(years.aar, 1, 1)
        where municipality_code not in (
            select bostedskommune from raw.bostedskommune as lived where lived.aar = years.aar)
        group by all
    """,
}


def note_crosschecks(con: duckdb.DuckDBPyConnection, arrivals: Sequence[int]) -> None:
    """Count what the registers say of each other, for the current versions that came with the given arrivals."""
    for (register, column, rule), query in CROSSCHECKS.items():
        con.execute(
            f"""
            insert into audit.load_finding
            select found.arrival, file_name, ?, year, ?, ?, 'noted', n_rows
            from ({query}) as found(year, arrival, n_rows)
            left join (
                select arrival, register, any_value(file_name) as file_name
                from audit.delivery_file group by all having count(*) = 1
            ) as file on file.arrival = found.arrival and file.register = ?
            where list_contains(?, found.arrival)
        """,
            [register, column, rule, register, list(arrivals)],
        )
