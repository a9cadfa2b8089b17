"""Deliveries into the warehouse: every file is read, checked and placed; all deliveries asked for, or none."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.load.crosschecks import note_crosschecks
from flows.load.drift import judge_drift
from flows.load.faults import DeliveryRefused, Fault
from flows.load.findings import Checked, record_findings
from flows.load.folder import (
    SIMULATED,
    DeliveredFile,
    delivered_files,
    delivery_folder,
    delivery_folders,
    due_deliveries,
    stats,
)
from flows.load.parts import loaded_parts, part_of, remember_same, replace_parts, said
from flows.load.place import next_arrival, place, years_of
from flows.load.reading import Reader, read_file
from flows.load.session import load_session
from flows.load.text_file import FileFacts, file_hash
from flows.load.versions import restore
from flows.progress import Bar, progress
from models_py.study import Study

# The work after all files are read (which versions count, registers against each other, drift), and its guessed time as
# a share of the time for all files.
TOGETHER, SHARE_OF_TOGETHER = "all registers together", 0.1


class DeliveryChanging(OSError):
    """A delivery changed while it was read: it is still being copied in. Trying again later helps."""


@dataclass(frozen=True, slots=True)
class LoadedDelivery:
    """A delivery that has been loaded: files that were new, and their rows as delivered, headers excluded."""

    delivery: str
    arrival: int
    n_files: int
    n_rows: int


def load_deliveries(
    database: Path, landing: Path, names: Sequence[str] | None, study: Study, run_id: str
) -> list[LoadedDelivery]:
    """Load the deliveries named, or all that are due, in ascending order of their ids.

    Deliveries that are already loaded are skipped. `database` is a candidate: after `DeliveryRefused` it may hold some
    of the files and must be thrown away.

    Raises:
        DeliveryRefused: with every fault in every delivery asked for.
        DeliveryChanging: one of them changed while it was read.
    """
    wanted = sorted(set(due_deliveries(database, landing) if names is None else names))
    loaded: list[LoadedDelivery] = []
    faults: list[Fault] = []
    with load_session(database) as con, progress("load") as bar:
        sizes = file_sizes(landing, wanted)
        bar.expect({**sizes, TOGETHER: SHARE_OF_TOGETHER * sum(sizes.values())})
        reader = Reader(con, study, database.parent)
        for delivery in wanted:
            found = load_one(reader, landing, delivery, run_id, bar, keep=not faults)
            if isinstance(found, LoadedDelivery):
                loaded.append(found)
            else:
                faults += found
        faults = faults or restore(reader, landing)
        if not faults:
            arrivals = [delivery.arrival for delivery in loaded]
            note_crosschecks(con, arrivals)
            faults = judge_drift(reader, arrivals)
        bar.done(TOGETHER)
    if faults:
        raise DeliveryRefused(faults)
    return loaded


def file_sizes(landing: Path, wanted: Sequence[str]) -> dict[str, int]:
    """Bytes of every file of the deliveries wanted; a missing delivery has no files."""
    folders = [folder for folder in delivery_folders(landing) if folder.name in wanted]
    return {f"{folder.name}/{name}": size for folder in folders for name, (size, _) in stats(folder).items()}


def load_one(
    reader: Reader, landing: Path, delivery: str, run_id: str, bar: Bar, keep: bool
) -> LoadedDelivery | list[Fault]:
    """Check a delivery, and place it if `keep` and nothing is wrong. Returns an empty list if there is nothing to do.

    If a delivery comes again, its unchanged parts are not read again and keep their place in the order of arrival. So
    adding or mending a file does not take back what other deliveries have corrected since.

    Raises:
        DeliveryChanging: a file changed meanwhile, so what was read may not be what was hashed.
    """
    folder = delivery_folder(landing, delivery)
    if isinstance(folder, Fault):
        return [folder]
    before = stats(folder)
    files, faults = delivered_files(folder, reader.study.load.first_plausible_year)
    hashes = {file.name: file_hash(file.path) for file in files}
    loaded = loaded_parts(reader.con, landing, delivery)
    same = remember_same(reader.con, files, hashes, loaded)
    fresh = [file for file in files if part_of(file) not in same]
    if not faults and not fresh and same == loaded.keys():
        return []
    if keep:
        replace_parts(reader.con, [files_of for part, files_of in loaded.items() if part not in same], run_id)
    arrival = next_arrival(reader.con)
    claimed: dict[tuple[str, int | None], str] = {}
    n_rows = 0
    for file in files:
        if file not in fresh:
            bar.done(f"{delivery}/{file.name}", 0)
            continue
        checked, facts = read_file(reader, file, hashes[file.name])
        faults += [*checked.faults, *claim_faults(checked, claimed)]
        n_rows += checked.n_rows
        if keep and facts and not faults:
            place(reader.con, arrival, checked, years_of(checked))
            record_file(reader.con, arrival, checked, facts)
        bar.done(f"{delivery}/{file.name}", checked.n_rows)
    if stats(folder) != before:
        raise DeliveryChanging(f"delivery {delivery} changed while it was read; try again when it has been copied in")
    if faults or not keep:
        return faults
    admit(reader.con, arrival, folder, hash_of_content(files, hashes), run_id)
    return LoadedDelivery(delivery, arrival, len(fresh), n_rows)


def claim_faults(checked: Checked, claimed: dict[tuple[str, int | None], str]) -> list[Fault]:
    """Faults for register-years that an earlier file of the delivery brings too; adds this file's to `claimed`."""
    file = checked.file
    others: dict[str, list[str]] = {}
    for year in years_of(checked) if checked.columns else []:
        other = claimed.setdefault((file.register, year), file.name)
        if other != file.name:
            others.setdefault(other, []).append(str(year or "all years"))
    return [
        file.fault("same_register_twice", f"{other} brings the same register, of {', '.join(years)}; deliver it once")
        for other, years in others.items()
    ]


def hash_of_content(files: Sequence[DeliveredFile], hashes: Mapping[str, str]) -> str:
    """SHA-256 of what the files of a delivery bring; `hashes` by their names."""
    content = sorted(said(file, hashes[file.name]) for file in files)
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def record_file(con: duckdb.DuckDBPyConnection, arrival: int, checked: Checked, facts: FileFacts) -> None:
    """Record a placed file and what was found in it."""
    file: DeliveredFile = checked.file
    con.execute(
        "insert into audit.delivery_file values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            arrival,
            file.name,
            file.register,
            facts.sha256,
            facts.n_bytes,
            facts.modified_ns,
            checked.n_rows,
            facts.encoding or "parquet",
            facts.delimiter,
        ],
    )
    record_findings(con, arrival, checked)


def admit(con: duckdb.DuckDBPyConnection, arrival: int, folder: Path, content_hash: str, run_id: str) -> None:
    """Record a placed delivery as loaded, so that it counts."""
    con.execute(
        "insert into audit.delivery values (?, ?, ?, now(), ?, 'loaded', ?)",
        [arrival, folder.name, content_hash, run_id, (folder / SIMULATED).exists()],
    )
