"""The register codes behind each published level, and today's names of the counts of earlier releases.

A level's label may come to stand for other codes, and levels may be merged or split. The same label can then mean a
different count, and different labels the same count. Belongs here: the codes of each level, recorded with each release,
and names of counts based on them. Does not belong here: which counts become sums of others (`level_sums`).
"""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import replace

import duckdb
import pyarrow as pa

from models_py.counts import Key, KeyMargin
from models_py.study import Study, Variable
from models_py.tables import DISCLOSURE_LEVEL
from models_py.told import Told
from storage.catalogue import has_table

Codes = frozenset[str]
# Level → its codes; no code is in two levels.
Partition = dict[str, Codes]
# Kind of a key, and position of a level in keys of that kind.
Place = tuple[str, int]

# Table in a results database: the codes behind the levels of each release.
LEVELS = "audit.disclosure_level"
# The places where keys of counts have a level, and the variable of that level.
VARIABLES: dict[Place, str] = {
    ("rate", 1): "population_group",
    ("rate", 2): "centrality",
    ("fit", 2): "population_group",
}
# Stands for all codes that no level lists, and for a missing row, if the variable has a level for them.
ANY_OTHER = "(any other)"


class LevelsUnknown(ValueError):
    """An earlier release's levels cannot be related to today's; the message says what to do."""


def partition_of(variable: Variable) -> Partition:
    """The codes of each level. A code listed twice belongs to the first level, as in the SQL made from the study."""
    partition: Partition = {}
    for level, codes in variable.codes.items():
        partition[level] = frozenset(codes).difference(*partition.values())
    if variable.missing:
        partition[variable.missing] = partition.get(variable.missing, frozenset()) | {ANY_OTHER}
    return partition


def levels_today(study: Study) -> dict[str, Partition]:
    """Today's levels of each variable by which counts are published."""
    return {name: partition_of(getattr(study.variables, name)) for name in dict.fromkeys(VARIABLES.values())}


def counted_levels(study: Study) -> dict[Place, Partition]:
    """Today's levels for each place where keys of counts have a level."""
    today = levels_today(study)
    return {place: today[variable] for place, variable in VARIABLES.items()}


def remember_levels(con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Record in a new results database, whose `history` is complete, the codes of each release's levels.

    Releases that recorded none get today's codes: `named_today` has already refused those with other levels. Once
    recorded, a later change of study.yml cannot change them.
    """
    con.execute(DISCLOSURE_LEVEL.create_sql("audit"))
    schema, table = LEVELS.split(".")
    if has_table(con, schema, table, "previous"):
        con.execute(f"insert into {LEVELS} by name select * from previous.{LEVELS}")
    rows = [
        {"variable": variable, "level": level, "code": code}
        for variable, partition in levels_today(study).items()
        for level, codes in partition.items()
        for code in sorted(codes)
    ]
    con.register("today", pa.Table.from_pylist(rows))
    con.execute(f"""
        insert into {LEVELS} by name select run_id, today.* from history.run cross join today
        where run_id not in (select run_id from {LEVELS})
    """)
    con.unregister("today")


def remembered_levels(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Partition]]:
    """The levels, by run, of those releases that recorded them."""
    if not has_table(con, *LEVELS.split(".")):
        return {}
    found: dict[str, dict[str, Partition]] = {}
    for run_id, variable, level, code in con.sql(f"select run_id, variable, level, code from {LEVELS}").fetchall():
        partition = found.setdefault(run_id, {}).setdefault(variable, {})
        partition[level] = partition.get(level, frozenset()) | {code}
    return found


def named_today(
    told: Told, then: dict[str, Partition] | None, study: Study
) -> tuple[Told, Mapping[Place, Mapping[Hashable, Hashable]]]:
    """What a release revealed, with today's names of counts, and the mapping of its level names to today's.

    `then` are the release's levels; None if they were not recorded.

    Raises:
        LevelsUnknown: the release's levels are not known, or partly overlap today's.
    """
    today = levels_today(study)
    if then is None or today.keys() - then.keys():
        _insist_on_labels(told, today)
        then = today
    for variable, partition in today.items():
        _insist_on_nesting(told.run_id, variable, then[variable], partition)
    names = {place: names_of(then[variable], today[variable]) for place, variable in VARIABLES.items()}
    return renamed(told, names), names


def names_of(then: Partition, now: Partition) -> dict[Hashable, Hashable]:
    """An earlier release's level → its name today: the label that has its codes today, or else a tuple of its codes."""
    labels = {codes: label for label, codes in now.items()}
    return {label: labels.get(codes, tuple(sorted(codes))) for label, codes in carried(then, now).items()}


def carried(then: Partition, now: Partition) -> Partition:
    """An earlier release's levels, adjusted to the codes in use today.

    A code that only one of the two partitions has means persons more or fewer, as with a wider age window. A new code
    is added to an earlier level that shares codes with its level today; a code that is gone is taken out of its level.
    """
    before, today = frozenset[str]().union(*then.values()), frozenset[str]().union(*now.values())
    levels = {label: codes & today or codes for label, codes in then.items()}
    for codes in now.values():
        beside = next((label for label, others in levels.items() if others & codes), None)
        if beside is not None:
            levels[beside] |= codes - before
    return levels


def renamed(told: Told, names: Mapping[Place, Mapping[Hashable, Hashable]]) -> Told:
    """What a release revealed, with levels renamed in all keys."""

    def margin(of: KeyMargin) -> KeyMargin:
        total, parts = of
        return None if total is None else key_renamed(total, names), [key_renamed(part, names) for part in parts]

    return replace(
        told,
        shown={key_renamed(key, names): shown for key, shown in told.shown.items()},
        intervals={key_renamed(key, names): interval for key, interval in told.intervals.items()},
        margins=[margin((total, list(parts))) for total, parts in told.margins],
        counts=None if told.counts is None else {key_renamed(key, names): n for key, n in told.counts.items()},
        at_least={key_renamed(key, names): least for key, least in told.at_least.items()},
    )


def key_renamed(key: Key, names: Mapping[Place, Mapping[Hashable, Hashable]]) -> Key:
    """A key with its levels renamed."""
    return tuple(names.get((str(key[0]), i), {}).get(part, part) for i, part in enumerate(key))


def _insist_on_labels(told: Told, today: dict[str, Partition]) -> None:
    """Check that a release that recorded no codes has at least the same labels as today.

    Raises:
        LevelsUnknown: it has others.
    """
    for place, variable in VARIABLES.items():
        labels = {key[place[1]] for key in told.shown if key[0] == place[0]}
        if labels - today[variable].keys() or (place[0] == "rate" and labels and today[variable].keys() - labels):
            raise LevelsUnknown(
                f"release {told.run_id} is from before releases wrote down which codes their levels of {variable} "
                f"stand for, and has other levels than study.yml ({_listed(labels)}): publish once with the codes that "
                "its levels had, which writes them down, and change them then"
            )


def _insist_on_nesting(run_id: str, variable: str, then: Partition, now: Partition) -> None:
    """Check that each level is an earlier level, several of them together, or a part of one.

    Raises:
        LevelsUnknown: a level partly overlaps an earlier one, and what their difference reveals is not known.
    """
    for label, codes in now.items():
        cut = {other: theirs for other, theirs in carried(then, now).items() if theirs & codes}
        if any(not (theirs <= codes or codes <= theirs) for theirs in cut.values()):
            raise LevelsUnknown(
                f"{variable} {label!r} of study.yml has parts of {_listed(cut)}, which release {run_id} published: "
                "with what else is published their difference may tell of few persons; let each level be one of that "
                "release's, several of them together, or a part of one"
            )


def _listed(labels: Collection[Hashable]) -> str:
    return ", ".join(sorted(repr(label) for label in labels))
