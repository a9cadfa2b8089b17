"""Which register codes a published level stands for, and what counts of earlier releases are called today.

A level's label may come to stand for other codes, and levels may be merged or split: the same label is then another
count, and another label the same. Belongs here: the codes of each level, written down with each release, and names of
counts by them. Does not belong here: which counts are sums of others for it (`level_sums`).
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
# Level → the codes that are in it and in no other.
Partition = dict[str, Codes]
# Kind of a key and position of a level in it → something about the levels there.
Place = tuple[str, int]

# In a results database: the codes behind the levels of each release.
LEVELS = "audit.disclosure_level"
# Where keys of counts have a level, and of which variable.
VARIABLES: dict[Place, str] = {
    ("rate", 1): "population_group",
    ("rate", 2): "centrality",
    ("fit", 2): "population_group",
}
# Stands for all codes that no level lists, and for a missing row, where a variable has a level for them.
ANY_OTHER = "(any other)"


class LevelsUnknown(ValueError):
    """What an earlier release's levels have to do with today's cannot be told; the message says what to do."""


def partition_of(variable: Variable) -> Partition:
    """The codes of each level; one that is listed twice belongs to the first, as in the SQL that is made of it."""
    partition: Partition = {}
    for level, codes in variable.codes.items():
        partition[level] = frozenset(codes).difference(*partition.values())
    if variable.missing:
        partition[variable.missing] = partition.get(variable.missing, frozenset()) | {ANY_OTHER}
    return partition


def levels_today(study: Study) -> dict[str, Partition]:
    """The levels that counts are published by, variable by variable."""
    return {name: partition_of(getattr(study.variables, name)) for name in dict.fromkeys(VARIABLES.values())}


def counted_levels(study: Study) -> dict[Place, Partition]:
    """The same levels, by where keys of counts have them."""
    today = levels_today(study)
    return {place: today[variable] for place, variable in VARIABLES.items()}


def remember_levels(con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Write down in a new results database, whose `history` is complete, what the levels of each release stand for.

    Those of releases before this was written down are today's: `named_today` has refused others. From now on no change
    of study.yml makes them anything else.
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
    """The levels of the releases that have them written down, by run."""
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
    """What a release told, of counts by the names they have today; and the names of its levels.

    `then` are its levels; None: not written down.

    Raises:
        LevelsUnknown: they are not known, or cut across today's.
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
    """The levels of an earlier release by today's name: today's label of the same codes, or else its codes."""
    labels = {codes: label for label, codes in now.items()}
    return {label: labels.get(codes, tuple(sorted(codes))) for label, codes in carried(then, now).items()}


def carried(then: Partition, now: Partition) -> Partition:
    """An earlier release's levels as if they had been made of today's codes.

    Codes that only one of the two has in any level are persons more or fewer, as by a wider age window: a new one goes
    to a level of those it stands with today, and one that is gone goes from its level.
    """
    before, today = frozenset[str]().union(*then.values()), frozenset[str]().union(*now.values())
    levels = {label: codes & today or codes for label, codes in then.items()}
    for codes in now.values():
        beside = next((label for label, others in levels.items() if others & codes), None)
        if beside is not None:
            levels[beside] |= codes - before
    return levels


def renamed(told: Told, names: Mapping[Place, Mapping[Hashable, Hashable]]) -> Told:
    """What a release told, of counts whose levels have other names."""

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
    """A key with other names of levels."""
    return tuple(names.get((str(key[0]), i), {}).get(part, part) for i, part in enumerate(key))


def _insist_on_labels(told: Told, today: dict[str, Partition]) -> None:
    """A release that does not say what its levels stand for has at least the labels of today."""
    for place, variable in VARIABLES.items():
        labels = {key[place[1]] for key in told.shown if key[0] == place[0]}
        if labels - today[variable].keys() or (place[0] == "rate" and labels and today[variable].keys() - labels):
            raise LevelsUnknown(
                f"release {told.run_id} is from before releases wrote down which codes their levels of {variable} "
                f"stand for, and has other levels than study.yml ({_listed(labels)}): publish once with the codes that "
                "its levels had, which writes them down, and change them then"
            )


def _insist_on_nesting(run_id: str, variable: str, then: Partition, now: Partition) -> None:
    """Each level is one of the earlier ones, several of them, or a part of one: what else may follow is not known."""
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
