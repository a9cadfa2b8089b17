"""Take one file through all checks. Afterwards `typed` holds its rows, ready to be placed, unless there are faults."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from flows.load.checks import check_form, check_key, check_rules, check_unknown, count, make_typed
from flows.load.duplicates import check_duplicates
from flows.load.findings import Checked
from flows.load.folder import DeliveredFile
from flows.load.header import match_header
from flows.load.municipality import check_municipality
from flows.load.staging import Lines, file_facts, stage, unknown_columns
from flows.load.text_file import FileFacts, Unreadable, ends_with_line
from models_py.study import Study


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading needs besides the file: connection, specification, and a folder for copies."""

    con: duckdb.DuckDBPyConnection
    study: Study
    work: Path


def read_file(reader: Reader, file: DeliveredFile, sha256: str) -> tuple[Checked, FileFacts | None]:
    """Read and check a file. Never raises for what is wrong with the file: that is in `Checked.faults`."""
    try:
        facts = file_facts(reader.con, file.path, sha256)
        return read_table(reader, file, facts), facts
    except Unreadable as reason:
        rows = () if reason.line is None else (reason.line,)
        fault = file.fault("unreadable", f"the file cannot be read: {reason}", rows=rows)
        return Checked(file, [], Lines(0, ()), 0, [fault]), None


def read_table(reader: Reader, file: DeliveredFile, facts: FileFacts) -> Checked:
    """Check the header, then whatever values the header lets us find.

    Raises:
        Unreadable: DuckDB cannot read the file.
    """
    columns, faults = match_header(file, facts.header, reader.study.load.first_plausible_year)
    if any(fault.rule in ("wrong_register", "repeated_column") for fault in faults) or not columns:
        return Checked(file, columns, Lines(0, ()), 0, faults)
    lines, ragged = stage(reader.con, file, facts, columns, reader.work)
    [n_rows] = count(reader.con, "select count(*) from delivered")
    checked = Checked(file, columns, lines, n_rows, [*faults, *ragged])
    if not n_rows and not ragged:
        message = "the table is empty; deliver the register or take the file out"
        checked.faults.append(file.fault("empty_table", message))
    drop_unknown_columns(reader, checked, facts)
    note_form(checked)
    check_columns(reader, checked)
    dated = file.contract.layout != "year_file" or checked.year is not None
    if dated and not any(fault.rule == "missing_column" for fault in faults):
        check_rows(reader, checked)
    return checked


def drop_unknown_columns(reader: Reader, checked: Checked, facts: FileFacts) -> None:
    """Note columns that are not in the contract, look for identity numbers in them, and drop them."""
    for name in unknown_columns(checked.columns, facts).values():
        checked.found(None, name, "noted", checked.n_rows)
        check_unknown(reader.con, checked, name, reader.study.load)


def note_form(checked: Checked) -> None:
    """Note columns that only the column map knows, and a text whose last line has no end."""
    for source in checked.columns:
        if source.renamed:
            checked.found(source, "renamed_column", "noted", checked.n_rows)
    if not ends_with_line(checked.file.path):
        checked.found(None, "no_line_end", "noted", 1)


def check_columns(reader: Reader, checked: Checked) -> None:
    """The checks of single columns, on `delivered`."""
    limits = reader.study.load
    for source in checked.columns:
        if source.column.kind == "key":
            check_key(reader.con, checked, source, limits)
        else:
            check_form(reader.con, checked, source, limits)


def check_rows(reader: Reader, checked: Checked) -> None:
    """The checks across columns and rows, on `typed`, which this makes."""
    limits, geography = reader.study.load, reader.study.geography
    make_typed(reader.con, checked, geography.unknown_codes[0])
    check_rules(reader.con, checked, limits, date.today().year)
    for source in checked.columns:
        if source.column.is_municipality:
            check_municipality(reader.con, checked, source, geography, limits)
    check_duplicates(reader.con, checked, limits.conflicting_duplicate_share)
