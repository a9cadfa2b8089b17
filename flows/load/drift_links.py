"""Registers against each other: persons about whom two registers cannot both be right.

Each link counts, in the sample, the persons or events of a year and the contradictions among them. Every register has a
few. More than usual are noted; many mean that rows, keys or columns were mixed up, and are refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from flows.load.contract import KEY, contracts
from flows.load.drift_sample import Touched
from flows.load.drift_years import Change, judged
from models_py.drift_bounds import Bounds, Drift
from models_py.study import Study


@dataclass(frozen=True, slots=True)
class Link:
    """What two registers say about the same persons. `sql` gives year, number, and how many of these contradict.

    `column` is of `register`, which is blamed if the load brought that year of it. If not, `other` is blamed, for the
    year that is `years_later`.
    """

    rule: str
    register: str
    column: str
    other: str
    years_later: int
    limit: Bounds
    says: str
    sql: str


def linked_changes(con: duckdb.DuckDBPyConnection, touched: Sequence[Touched], study: Study) -> Iterator[Change]:
    """Links that contradict more than is usual, in touched years."""
    arrivals = {(place.register, place.year): place.arrival for place in touched}
    for link in links(study):
        for year, n, n_wrong in con.execute(link.sql).fetchall():
            blamed = blame(link, year, arrivals)
            if blamed is None or n < study.drift.least_rows:
                continue
            share = n_wrong / n
            refused = judged(share, n, link.limit, study.drift.standard_errors)
            if refused is not None:
                register, of_year = blamed
                column = link.column if register == link.register else None
                message = (
                    f"{link.says}, held against {link.other}: the share {share:.3f}; "
                    "ask whether rows, keys or columns were mixed up in either"
                )
                yield Change(
                    register, of_year, arrivals[blamed], column, link.rule, None, link.limit.noted, share, n_wrong,
                    message, refused,
                )  # fmt: skip


def blame(link: Link, year: int | None, arrivals: dict[tuple[str, int | None], int]) -> tuple[str, int | None] | None:
    """Which of a link's two register-years the load has brought; None if neither.

    faste_oppl comes again with every delivery: it is blamed for a year of another register only if it came alone.
    """
    own, other = (link.register, year), (link.other, None if year is None else year + link.years_later)
    if own in arrivals:
        return own
    if contracts()[link.other].layout == "person":
        other = (link.other, None if all(of_year is None for _, of_year in arrivals) else year)
    return other if other in arrivals else None


def links(study: Study) -> list[Link]:
    """All comparisons of a register with another."""
    bounds: Drift = study.drift
    return [
        *unlinked_persons(bounds),
        unlinked_families(bounds),
        *lives(bounds),
        *parents(bounds),
        *statuses(study),
        event_types(bounds),
        moves(study),
    ]


def unlinked_persons(bounds: Drift) -> list[Link]:
    """Persons of each register who are not in faste_oppl, once that is loaded."""
    return [
        Link(
            "unlinked_persons", register, KEY, "faste_oppl", 0, bounds.unlinked, "persons who are not in faste_oppl",
            f"""
            select aar, count(*), count(*) filter (known.{KEY} is null)
            from sample_{register} as here left join sample_faste_oppl as known on known.{KEY} = here.{KEY}
            where exists (select 1 from sample_faste_oppl) group by aar order by aar
            """,
        )
        for register, contract in contracts().items()
        if contract.layout != "person"
    ]  # fmt: skip


def unlinked_families(bounds: Drift) -> Link:
    """Families whose reference person is not in faste_oppl: family keys may be written differently from persons'."""
    return Link(
        "unlinked_families", "hush_fam", "lopenr_familie", "faste_oppl", 0, bounds.unlinked,
        "persons of whose family the reference person is not in faste_oppl",
        f"""
        select aar, count(*), count(*) filter (reference.{KEY} is null)
        from sample_hush_fam as here left join raw.faste_oppl as reference on reference.{KEY} = here.lopenr_familie
        where lopenr_familie is not null and exists (select 1 from sample_faste_oppl) group by aar order by aar
        """,
    )  # fmt: skip


def lives(bounds: Drift) -> list[Link]:
    """Residents who were not born yet, are dead, or have lived for longer than anybody does."""
    wrong = {
        "resident_before_birth": ("foedsels_aar_mnd // 100 >= aar", "residents who were not born yet"),
        "resident_after_death": ("doeds_aar_mnd // 100 < aar", "residents who were dead"),
        "resident_too_old": (
            f"aar - foedsels_aar_mnd // 100 > {bounds.largest_age}",
            f"residents older than {bounds.largest_age}",
        ),
    }
    return [
        Link(
            rule, "bostedskommune", "bostedskommune", "faste_oppl", 0, bounds.contradiction, says,
            f"""
            select aar, count(*), count(*) filter ({condition})
            from sample_bostedskommune inner join sample_faste_oppl using ({KEY}) group by aar order by aar
            """,
        )
        for rule, (condition, says) in wrong.items()
    ]  # fmt: skip


def parents(bounds: Drift) -> list[Link]:
    """Mothers who are men, fathers who are women, parents not older than their child."""
    return [
        Link(
            rule, "faste_oppl", column, "faste_oppl", 0, bounds.contradiction, says,
            f"""
            select null, count(*),
                count(*) filter (parent.kjoenn <> '{sex}' or parent.foedsels_aar_mnd >= child.foedsels_aar_mnd)
            from sample_faste_oppl as child inner join raw.faste_oppl as parent on parent.{KEY} = child.{column}
            """,
        )
        for rule, column, sex, says in (
            ("no_mother", "lopenr_mor", "2", "mothers who are men or younger than the child"),
            ("no_father", "lopenr_far", "1", "fathers who are women or younger than the child"),
        )
    ]  # fmt: skip


def statuses(study: Study) -> list[Link]:
    """Residents whose registration status says that they are not, and the reverse."""
    resident = f"'{study.panel.resident_status}'"
    return [
        Link(
            "resident_by_status", "regstat", "regstat", "bostedskommune", 0, study.drift.contradiction,
            "residents whose status is another one",
            f"""
            select aar, count(*), count(*) filter (regstat <> {resident})
            from sample_bostedskommune inner join sample_regstat using ({KEY}, aar) group by aar order by aar
            """,
        ),
        Link(
            "resident_without_home", "regstat", "regstat", "bostedskommune", 0, study.drift.contradiction,
            "persons whose status is resident and who have no municipality",
            f"""
            select status.aar, count(*), count(*) filter (home.{KEY} is null)
            from sample_regstat as status left join sample_bostedskommune as home using ({KEY}, aar)
            where regstat = {resident} and status.aar in (select aar from sample_bostedskommune)
            group by status.aar order by status.aar
            """,
        ),
    ]  # fmt: skip


def event_types(bounds: Drift) -> Link:
    """Immigrations into no municipality, emigrations out of none, moves without one of the two."""
    return Link(
        "event_against_type", "flytting", "flyttetype", "flytting", 0, bounds.contradiction,
        "events without the municipality that their type must have",
        """
        select aar, count(*), count(*) filter (
            flyttetype in ('1', '2') and til_kommnr is null or flyttetype in ('1', '3') and fra_kommnr is null)
        from sample_flytting group by aar order by aar
        """,
    )  # fmt: skip


def moves(study: Study) -> Link:
    """Persons whose last move in a year was to another place than where they live on the next 1 January.

    Only codes that were still valid then count.
    """
    return Link(
        "move_against_residence", "flytting", "til_kommnr", "bostedskommune", 1, study.drift.move_against_residence,
        "persons who do not live where they last moved to",
        f"""
        with last_move as (
            select {KEY}, aar, max_by(til_kommnr, flyttedato) as til_kommnr
            from sample_flytting where flyttetype = '1' and year(flyttedato) = aar group by all)
        select last_move.aar, count(*), count(*) filter (bostedskommune <> til_kommnr)
        from last_move inner join sample_bostedskommune as home
            on home.{KEY} = last_move.{KEY} and home.aar = last_move.aar + 1
        where exists (select 1 from municipality_code
            where municipality_code = til_kommnr and valid_from <= make_date(last_move.aar, 12, 31)
                and valid_to > make_date(last_move.aar + 1, 1, 1))
        group by last_move.aar order by last_move.aar
        """,
    )  # fmt: skip
