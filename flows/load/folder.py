"""A delivery's folder: which files it holds, which register and period each is, and whether it is due.

Looks at names, sizes and times of files only, never into a file.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.home import insist_that_leads_somewhere, is_broken_link
from flows.load.contract import Contract, contracts
from flows.load.faults import Fault
from storage.warehouse import open_warehouse

DATA_SUFFIXES = {".csv", ".txt", ".parquet"}
ARCHIVE_SUFFIXES = {".zip", ".gz", ".7z", ".tar", ".tgz", ".rar", ".bz2", ".xz"}
DOCUMENT_SUFFIXES = {".md", ".pdf", ".docx", ".doc", ".html", ".rtf"}
# The document that marks a simulated delivery, so that nothing made from it passes for real, wherever it is copied.
SIMULATED = "readme_simulated.md"
SIMULATED_TEXT = """# A simulated delivery

`flyttepanel simulate` wrote it: no line is about anybody. Whatever is published from a delivery that was loaded with
this file in its folder says so.
"""
# Rules about names and links, each with a message that says what to do.
NO_UTF8 = ("unreadable_name", "the name is not UTF-8 text (a mark stands for what is not); rename it")
BROKEN_LINK = ("broken_link", "a link that leads nowhere; deliver what it should lead to, or mount its medium")
OUTSIDE = ("outside_delivery", "lies in landing itself; move it into a folder there that is named after its delivery")


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A file of a known register. `years`: the period in its name (first and last), empty if it names none."""

    delivery: str
    path: Path
    contract: Contract
    years: tuple[int, ...]

    @property
    def name(self) -> str:
        """The file's name in the delivery's folder."""
        return self.path.name

    @property
    def register(self) -> str:
        """The register whose file it is."""
        return self.contract.register_name

    @property
    def year(self) -> int | None:
        """The year of a year file that names it."""
        return self.years[0] if self.contract.layout == "year_file" and self.years else None

    def fault(
        self, rule: str, message: str, column: str | None = None, rows: Iterable[int] = (), n_rows: int = 0
    ) -> Fault:
        """A fault in this file."""
        return Fault(self.delivery, self.name, column, rule, message, tuple(rows), n_rows)


def delivery_folders(landing: Path) -> list[Path]:
    """The deliveries that have something in them, by name. A file directly in `landing` is none.

    Raises:
        FileNotFoundError: `landing` is a link that leads nowhere.
    """
    insist_that_leads_somewhere(landing)
    if not landing.is_dir():
        return []
    folders = (path for path in landing.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted((folder for folder in folders if entries(folder)), key=lambda folder: folder.name)


def stray_files(landing: Path) -> list[Path]:
    """Data that somebody put into `landing` itself and not into a folder; the simulation's truth belongs there.

    A link that leads nowhere counts too: it may be the folder of a delivery on a medium that is not mounted.
    """
    if not landing.is_dir():
        return []
    found = (path for path in landing.iterdir() if not path.name.startswith("."))
    return sorted(path for path in found if is_broken_link(path) or is_stray(path))


def is_stray(path: Path) -> bool:
    """Whether something in `landing` is a file that looks like data."""
    is_data = path.suffix.lower() in DATA_SUFFIXES | ARCHIVE_SUFFIXES or bool(name_parts(path))
    return is_data and path.is_file() and not is_document(path) and path.stem != "truth"


def shown(name: str) -> str:
    """A name that can be printed and stored: what is not UTF-8 in it becomes a mark."""
    return os.fsencode(name).decode("utf-8", "replace")


def entries(folder: Path) -> list[Path]:
    """What a delivery consists of, by name: everything but hidden files and documents about the data."""
    return sorted(path for path in folder.iterdir() if not is_document(path))


def is_document(path: Path) -> bool:
    """Whether a file is about the data and not data: hidden files, README, PDF and the like."""
    name = path.name.lower()
    return path.is_file() and (path.suffix.lower() in DOCUMENT_SUFFIXES or name.startswith((".", "readme")))


def due_deliveries(database: Path, landing: Path) -> list[str]:
    """New or changed deliveries, by size and time of their files. The database may not exist yet.

    A withdrawn delivery is never due: it stays out until it is loaded by name. A data file that lies outside any
    delivery is due as if it were one, and then refused: if it were skipped, nobody would know that it was not loaded.
    """
    known = known_files(database)
    folders = delivery_folders(landing)
    due = [shown(folder.name) for folder in folders if known.get(folder.name, {}) not in (None, stats(folder))]
    return due + [shown(path.name) for path in stray_files(landing)]


def delivery_folder(landing: Path, delivery: str) -> Path | Fault:
    """The folder of a delivery asked for by name."""
    for folder in delivery_folders(landing):
        if shown(folder.name) == delivery:
            return folder if folder.name == delivery else Fault(delivery, None, None, *NO_UTF8)
    for stray in stray_files(landing):
        if shown(stray.name) == delivery:
            return Fault(delivery, delivery, None, *(BROKEN_LINK if is_broken_link(stray) else OUTSIDE))
    return Fault(delivery, None, None, "no_delivery", "landing has no folder of this name with a data file in it")


def stats(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and modification time (ns) of each file of a delivery, or of a link that leads nowhere."""
    found = {path.name: path.stat(follow_symlinks=not is_broken_link(path)) for path in entries(folder)}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


def known_files(database: Path) -> dict[str, dict[str, tuple[int, int]] | None]:
    """For each delivery, the `stats` of its files that count, from all its arrivals; None if it is withdrawn."""
    if not database.exists():
        return {}
    known: dict[str, dict[str, tuple[int, int]] | None] = {}
    with open_warehouse(database, read_only=True) as con:
        if not con.execute("from duckdb_tables() where schema_name = 'audit' and table_name = 'delivery'").fetchall():
            return {}
        rows = con.execute("""
            with deliveries as (
                select delivery_id, arg_max(status, arrival) as status from audit.delivery group by delivery_id),
            counting as (
                select delivery_id, file_name, bytes, modified_ns
                from audit.delivery inner join audit.delivery_file using (arrival) where status = 'loaded')
            select delivery_id, status, file_name, bytes, modified_ns
            from deliveries left join counting using (delivery_id)
        """).fetchall()
    for delivery, status, file, size, modified in rows:
        files = known.setdefault(delivery, None if status == "withdrawn" else {})
        if files is not None and file is not None:
            files[file] = (size, modified)
    return known


def delivered_files(folder: Path, first_year: int) -> tuple[list[DeliveredFile], list[Fault]]:
    """The files of a delivery, and what is wrong with the folder and the names in it."""
    files: list[DeliveredFile] = []
    faults: list[Fault] = []
    for path in entries(folder):
        found = identify(folder.name, path)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            files.append(found)
            faults += period_faults(found, first_year)
    return files, faults


def identify(delivery: str, path: Path) -> DeliveredFile | Fault:
    """The register of a file by the name part in its name, whatever prefix and suffix."""
    if shown(path.name) != path.name:
        return Fault(delivery, shown(path.name), None, *NO_UTF8)
    if is_broken_link(path):
        return Fault(delivery, path.name, None, *BROKEN_LINK)
    if path.is_dir():
        return Fault(delivery, path.name, None, "folder_inside", "a folder inside a delivery; move its files up")
    return named_file(delivery, path)


def named_file(delivery: str, path: Path) -> DeliveredFile | Fault:
    """The same by the name alone, whatever lies there now: needed for a file that was loaded earlier."""
    if path.suffix.lower() not in DATA_SUFFIXES:
        return Fault(delivery, path.name, None, "unknown_format", "not a csv, txt or parquet file; export it as one")
    parts = name_parts(path)
    if len(parts) != 1:
        which = "names several registers" if parts else "names no register we know"
        known = ", ".join(contracts())
        message = f"the file name {which}; it must contain one of: {known}"
        return Fault(delivery, path.name, None, "unknown_register", message)
    [(register, rest)] = parts.items()
    years = tuple(int(year) for year in re.findall(r"(?<!\d)\d{4}(?!\d)", rest))
    return DeliveredFile(delivery, path, contracts()[register], years)


def name_parts(path: Path) -> dict[str, str]:
    """Registers whose name part stands in a file's name, each with what follows it."""
    stem = path.stem.lower()
    matches = {name: re.search(rf"(?<![a-zæøå]){name}(?![a-zæøå])", stem) for name in contracts()}
    return {name: stem[match.end() :] for name, match in matches.items() if match}


def period_faults(file: DeliveredFile, first_year: int) -> list[Fault]:
    """What is wrong with the period in a file's name, before anything is read."""
    faults = [
        file.fault("impossible_year", f"the year {year} in the file name cannot be; expected {first_year} or later, "
                   "and not in the future")
        for year in file.years
        if not first_year <= year <= date.today().year
    ]  # fmt: skip
    if file.contract.layout == "year_file" and len(file.years) != 1:
        faults.append(file.fault("period", "the file name must name exactly one year, as in flytting_g2016"))
    return faults
