"""A delivery that comes again: which of its parts are unchanged, and which no longer count.

A part is replaced as a whole: it is a year file, or all files of a register that has several years in a file, or none.
Unchanged parts stay with the arrival they came with.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.load.folder import DeliveredFile, named_file
from flows.load.place import next_arrival
from flows.load.versions import loaded_files

# Tables of `audit` that name the files of an arrival.
NAME_FILES = ("delivery_file", "load_finding", "drift", "quarantine")

Said = tuple[str, tuple[int, ...], str]


@dataclass(frozen=True, slots=True)
class Part:
    """A register, and the year of a year file."""

    register: str
    year: int | None


@dataclass(frozen=True, slots=True)
class LoadedPart:
    """The files of a part as they were loaded; `names`: their names by what they brought."""

    part: Part
    arrival: int
    names: Mapping[Said, str]


def part_of(file: DeliveredFile) -> Part:
    """The part of its delivery that a file belongs to."""
    return Part(file.register, file.year)


def brings(file_name: str, year: int | None) -> bool:
    """Whether a loaded file can have brought a year of its register: a year file brings only the year in its name."""
    file = named_file("", Path(file_name))
    own = part_of(file).year if isinstance(file, DeliveredFile) else None
    return own is None or own == year


def said(file: DeliveredFile, sha256: str) -> Said:
    """What a file brings: register, period and bytes, whatever else is in its name."""
    return file.register, file.years, sha256


def loaded_parts(con: duckdb.DuckDBPyConnection, landing: Path, delivery: str) -> dict[Part, LoadedPart]:
    """The parts of a delivery that count, each with the arrival it came with."""
    arrivals = con.execute(
        "select arrival from audit.delivery where delivery_id = ? and status = 'loaded'", [delivery]
    ).fetchall()
    found: dict[Part, LoadedPart] = {}
    for (arrival,) in arrivals:
        names: dict[Part, dict[Said, str]] = {}
        for file, sha256 in loaded_files(con, landing, arrival):
            names.setdefault(part_of(file), {})[said(file, sha256)] = file.name
        found |= {part: LoadedPart(part, arrival, by_content) for part, by_content in names.items()}
    return found


def remember_same(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[DeliveredFile],
    hashes: Mapping[str, str],
    loaded: Mapping[Part, LoadedPart],
) -> set[Part]:
    """The parts that are as they were loaded. New times and names of their files are recorded, so as not to be due."""
    there: dict[Part, dict[Said, DeliveredFile]] = {}
    n_files = Counter(map(part_of, files))
    for file in files:
        there.setdefault(part_of(file), {})[said(file, hashes[file.name])] = file
    same = {
        part
        for part in there
        if part in loaded and there[part].keys() == loaded[part].names.keys() and n_files[part] == len(there[part])
    }
    for part in same:
        renamed = [
            (loaded[part].names[content], file)
            for content, file in there[part].items()
            if loaded[part].names[content] != file.name
        ]
        rename(con, loaded[part].arrival, renamed)
        for file in there[part].values():
            con.execute(
                "update audit.delivery_file set modified_ns = ? where arrival = ? and file_name = ?",
                [file.path.stat().st_mtime_ns, loaded[part].arrival, file.name],
            )
    return same


def rename(con: duckdb.DuckDBPyConnection, arrival: int, renamed: Collection[tuple[str, DeliveredFile]]) -> None:
    """Give files of an arrival their new names in one statement: two files may have swapped theirs."""
    if not renamed:
        return
    new_names = " ".join("when ? then ?" for _ in renamed)
    old_names = ", ".join("?" for _ in renamed)
    pairs = [name for before, file in renamed for name in (before, file.name)]
    for table in NAME_FILES:
        con.execute(
            f"update audit.{table} set file_name = case file_name {new_names} end "
            f"where arrival = ? and file_name in ({old_names})",
            [*pairs, arrival, *(before for before, _ in renamed)],
        )


def replace_parts(con: duckdb.DuckDBPyConnection, gone: Iterable[LoadedPart], run_id: str) -> None:
    """Mark parts as replaced, so that they no longer count. `restore` must follow before the database is used.

    If other parts of the arrival still count, the replaced parts first move to an arrival of their own, which is then
    marked `replaced`.
    """
    by_arrival: dict[int, list[LoadedPart]] = {}
    for part in gone:
        by_arrival.setdefault(part.arrival, []).append(part)
    for arrival, parts in by_arrival.items():
        names = [name for part in parts for name in part.names.values()]
        [(stays,)] = con.execute(
            "select count(*) > 0 from audit.delivery_file where arrival = ? and not list_contains(?, file_name)",
            [arrival, names],
        ).fetchall()
        replaced = set_apart(con, arrival, parts, names) if stays else arrival
        con.execute("update audit.delivery set status = 'replaced', run_id = ? where arrival = ?", [run_id, replaced])


def set_apart(con: duckdb.DuckDBPyConnection, arrival: int, parts: Sequence[LoadedPart], names: Sequence[str]) -> int:
    """Move parts of an arrival to a new one, which is returned: their files, findings, versions and rows."""
    apart = next_arrival(con)
    con.execute(
        "insert into audit.delivery by name select * replace (? as arrival) from audit.delivery where arrival = ?",
        [apart, arrival],
    )
    for table in NAME_FILES:
        con.execute(
            f"update audit.{table} set arrival = ? where arrival = ? and list_contains(?, file_name)",
            [apart, arrival, list(names)],
        )
    for register, year in ((loaded.part.register, loaded.part.year) for loaded in parts):
        con.execute(
            "update audit.register_year set arrival = ? where arrival = ? and register = ? and (? is null or year = ?)",
            [apart, arrival, register, year, year],
        )
        of_year = "" if year is None else f" and aar = {year}"
        con.execute(f"update raw.{register} set arrival = ? where arrival = ?{of_year}", [apart, arrival])
    return apart
