"""A file as DuckDB reads it: the temporary table `delivered`, all columns as trimmed text, missing as NULL.

Rows keep the file's order, so that a row's number can be given when something is wrong with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet

from flows.load.faults import SHOWN_ROWS, Fault
from flows.load.folder import DeliveredFile
from flows.load.header import SourceColumn
from flows.load.text_file import FileFacts, Unreadable, as_utf8, inspect
from storage.sql import file_literal, identifier, literal

MISSING = ("", "NA", ".")
MISSING_SQL = ", ".join(literal(code) for code in MISSING)
READER_FAULTS = {
    "MISSING COLUMNS": ("ragged_row", "rows with fewer columns than the header"),
    "TOO MANY COLUMNS": ("ragged_row", "rows with more columns than the header"),
}


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the rows of `delivered` are in the file: `first` is the first row's line, `skipped` are lines of no row."""

    first: int
    skipped: tuple[int, ...]

    def numbers(self, ordinals: Iterable[int]) -> tuple[int, ...]:
        """Physical line numbers (rows of a Parquet file: from 1) of rows counted from 0."""
        return tuple(self.number(ordinal) for ordinal in ordinals)

    def number(self, ordinal: int) -> int:
        """The physical line number of one row."""
        line = ordinal + self.first
        for skipped in self.skipped:
            if skipped > line:
                break
            line += 1
        return line


def file_facts(con: duckdb.DuckDBPyConnection, path: Path, sha256: str) -> FileFacts:
    """What a file with this hash is, before its rows are read.

    Raises:
        Unreadable: it cannot be read as a table.
    """
    if path.suffix.lower() != ".parquet":
        return inspect(path, sha256)
    try:
        columns = con.execute(f"describe from {parquet(path)}").fetchall()
    except duckdb.Error as error:
        pass_if_of_the_machine(error)
        raise Unreadable(f"it is no Parquet file that DuckDB can read ({type(error).__name__})") from None
    stat = path.stat()
    header = tuple(column[0] for column in columns)
    refuse_repeated(path)
    return FileFacts(sha256, stat.st_size, stat.st_mtime_ns, None, None, header, (), any_space=True)


def refuse_repeated(path: Path) -> None:
    """Refuse a Parquet file with a column name twice: DuckDB renames the second column, and it would be lost.

    Raises:
        Unreadable: there is one, or the file's own description cannot be read.
    """
    try:
        names = [name.lower() for name in pyarrow.parquet.read_schema(path).names]
    except pyarrow.ArrowException as error:
        raise Unreadable(f"it is no Parquet file that can be read ({type(error).__name__})") from None
    if places := [place + 1 for place, name in enumerate(names) if name in names[:place]]:
        raise Unreadable(f"columns of a name that stands there before, by place: {places}; deliver each once")


def parquet(path: Path) -> str:
    """SQL: the table in a Parquet file."""
    return f"read_parquet({file_literal(path)}, hive_partitioning = false)"


def pass_if_of_the_machine(error: duckdb.Error) -> None:
    """Raise an error again if it is not about the file: memory or disk ran out while it was read."""
    unwritten = isinstance(error, duckdb.IOException) and "write" in str(error)
    if unwritten or isinstance(error, duckdb.OutOfMemoryException):
        raise error


def stage(
    con: duckdb.DuckDBPyConnection, file: DeliveredFile, facts: FileFacts, columns: Sequence[SourceColumn], work: Path
) -> tuple[Lines, list[Fault]]:
    """Read a file into `delivered`; rows that do not fit the header are faults and left out.

    Columns that the contract does not know are named by their place (`unknown_columns`), to be checked and dropped.

    Raises:
        Unreadable: DuckDB cannot read the file.
    """
    con.execute("drop table if exists delivered; drop table if exists rejected; drop table if exists rejected_scan")
    if facts.encoding is None:
        return stage_parquet(con, file, facts, columns), []
    if facts.encoding != "windows-1252":
        return stage_text(con, file, file.path, facts, columns)
    copy = work / "candidate-utf8.txt"  # a name that the next start removes after a kill
    try:
        as_utf8(file.path, copy)
        return stage_text(con, file, copy, facts, columns)
    finally:
        copy.unlink(missing_ok=True)


def stage_parquet(
    con: duckdb.DuckDBPyConnection, file: DeliveredFile, facts: FileFacts, columns: Sequence[SourceColumn]
) -> Lines:
    """Read a Parquet file; numbers and dates become text and are then treated like all other values."""
    chosen = ", ".join(
        f"{cleaned(without_nan(facts.header[position]))} as {identifier(name)}"
        for position, name in placed(columns, facts)
    )
    try:
        con.execute(f"create temp table delivered as select {chosen} from {parquet(file.path)}")
    except duckdb.Error as error:
        pass_if_of_the_machine(error)
        raise Unreadable(f"DuckDB cannot read it ({type(error).__name__}); it may be damaged") from None
    return Lines(1, ())


def stage_text(
    con: duckdb.DuckDBPyConnection,
    file: DeliveredFile,
    path: Path,
    facts: FileFacts,
    columns: Sequence[SourceColumn],
) -> tuple[Lines, list[Fault]]:
    """Read a UTF-8 text file."""
    declared = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(facts.header)))
    chosen = ", ".join(
        f"{trimmed(f'c{position}') if facts.any_space else f'c{position}'} as {identifier(name)}"
        for position, name in placed(columns, facts)
    )
    try:
        con.execute(f"""
            create temp table delivered as select {chosen}
            from read_csv({file_literal(path)}, auto_detect = false, header = false, skip = 1, encoding = 'utf-8',
                hive_partitioning = false, delim = {literal(facts.delimiter or ";")}, quote = '"', escape = '"',
                nullstr = [{MISSING_SQL}],
                columns = {{{declared}}},
                store_rejects = true, rejects_table = 'rejected', rejects_scan = 'rejected_scan', rejects_limit = 0)
        """)
    except duckdb.Error as error:
        pass_if_of_the_machine(error)
        raise Unreadable(f"DuckDB cannot read it ({type(error).__name__}); it may be damaged") from None
    faults, lines = rejected_rows(con, file)
    return Lines(2, tuple(sorted({*facts.skipped_lines, *lines}))), faults


def unknown_columns(columns: Sequence[SourceColumn], facts: FileFacts) -> dict[int, str]:
    """Names by place (from 0) for columns that the contract does not know: without a header, their own are values."""
    known = {source.position for source in columns}
    return {place: f"unknown_column_{place + 1}" for place in range(len(facts.header)) if place not in known}


def placed(columns: Sequence[SourceColumn], facts: FileFacts) -> list[tuple[int, str]]:
    """Place and name of all columns, known ones first."""
    return [*((source.position, source.name) for source in columns), *unknown_columns(columns, facts).items()]


def cleaned(column: str) -> str:
    """SQL: a text without blanks around it; NULL if it is a code for a missing value."""
    return f"case when trim({column}) not in ({MISSING_SQL}) then trim({column}) end"


def without_nan(column: str) -> str:
    """SQL: a column of a Parquet file as text; `nan`, which other programs write for a missing number, becomes NULL."""
    return f"nullif({identifier(column)}::varchar, 'nan')"


def trimmed(column: str) -> str:
    """SQL: the same for a text file, whose reader knows the codes for missing; only values with a space are trimmed.

    Trimming is slow.
    """
    return f"case when contains({column}, ' ') then {cleaned(column)} else {column} end"


def rejected_rows(con: duckdb.DuckDBPyConnection, file: DeliveredFile) -> tuple[list[Fault], list[int]]:
    """Faults for the lines that DuckDB's reader left out, and their numbers; its own messages hold values."""
    found = con.execute("""
        select error_type::varchar, count(distinct line), list_slice(list_sort(list_distinct(list(line))), 1, ?)
        from rejected group by all order by all
    """, [SHOWN_ROWS]).fetchall()  # fmt: skip
    faults = []
    for error_type, n_rows, shown in found:
        rule, message = READER_FAULTS.get(error_type, ("unreadable_row", "rows that are no text in columns"))
        faults.append(file.fault(rule, f"{message}; deliver the file anew", rows=shown, n_rows=n_rows))
    lines = con.execute("select distinct line from rejected").fetchall()
    return faults, [line for (line,) in lines]
