"""The published tables for other tools: CSV and Parquet, described by a Frictionless data package.

Belongs here: files and their description, made from the declarations in `models_py.tables`. Does not belong here: what
is published, or any other form of it (`flows.query` prints query results, `report.tables` typesets tables).

The description is a Data Package, version 2 (datapackage.org/standard/data-package). It declares no licence: only the
owner of the extracts can give one, and nothing in a release states their terms.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb

from models_py.table import RUN_ID, SqlType, Table, TableColumn
from models_py.tables import PUBLISHED_TABLES
from report.release import Release, open_results
from storage.sql import literal

PROFILES = "https://datapackage.org/profiles/2.0"
FIELD_TYPES: dict[SqlType, str] = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "DOUBLE": "number",
    "TIMESTAMPTZ": "datetime",
}
# Not the empty text: that is the level of a term without levels, and CSV readers cannot tell it from a missing value.
MISSING = "NA"
CSV_OPTIONS = f"format csv, header, nullstr '{MISSING}', timestampformat '%Y-%m-%dT%H:%M:%S.%fZ'"


def write_exports(release: Release, folder: Path) -> Path:
    """Write every table of `results` into `data/` as CSV and Parquet, and `datapackage.json` that describes them.

    Args:
        release: what is written.
        folder: the release's folder, in which `data/` is made.

    Returns:
        The description, `data/datapackage.json`.
    """
    data = folder / "data"
    data.mkdir()
    with open_results(release.results) as con:
        con.execute("set timezone = 'UTC'")
        for table in PUBLISHED_TABLES:
            write_table(con, table, data)
    description = data / "datapackage.json"
    text = json.dumps(data_package(release, data), indent=2, ensure_ascii=False)
    description.write_text(text + "\n", encoding="utf-8")
    return description


def write_table(con: duckdb.DuckDBPyConnection, table: Table, data: Path) -> None:
    """Write one table in both forms, its rows in the order of its key, so that equal tables give equal files."""
    rows = f"select * from results.{table.name} order by {', '.join(table.key) or 'all'}"
    con.execute(f"copy ({rows}) to {literal(f'{data / table.name}.csv')} ({CSV_OPTIONS})")
    con.execute(f"copy ({rows}) to {literal(f'{data / table.name}.parquet')} (format parquet)")


def data_package(release: Release, data: Path) -> dict[str, Any]:
    """The description of the files in `data`."""
    manifest = release.manifest
    package = {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "flyttepanel-results",
        "id": manifest["run_id"],
        "title": "Flyttepanel: published results",
        "description": description(release),
        "version": manifest["code_version"],
        "created": manifest["finished_at"],
        "sources": [{"title": source(release)}],
    }
    resources = [resource(table, data) for table in PUBLISHED_TABLES]
    return package | {"resources": resources}


def description(release: Release) -> str:
    """What the package holds."""
    manifest = release.manifest
    return (
        f"Disclosure-controlled results of release {manifest['run_id']}, panel years {manifest['first_year']} to "
        f"{manifest['last_year']}. Specification (SHA-256): {manifest['study_hash']}. "
        f"Input files (SHA-256): {manifest['input_hash']}."
    )


def source(release: Release) -> str:
    """The registers behind the results, and whether they are simulated."""
    registers = ", ".join(sorted({file["register"] for file in release.manifest["inputs"]}))
    kind = "Simulated register extracts" if release.is_simulated else "Register extracts of Statistics Norway"
    return f"{kind}: {registers}"


def resource(table: Table, data: Path) -> dict[str, Any]:
    """A table: its CSV file, what its columns mean, and the same rows as Parquet.

    The Parquet file is listed under `alternates`, a property of ours, and not as a resource of its own: it is the same
    table, and the standard's own validator reads a missing whole number in Parquet as the number NaN.
    """
    return {
        "name": table.name,
        "type": "table",
        "description": table.description,
        **file_properties(data / f"{table.name}.csv", "text/csv"),
        "encoding": "utf-8",
        "schema": {
            "$schema": f"{PROFILES}/tableschema.json",
            "fields": [field(column) for column in table.published_columns],
            "primaryKey": [RUN_ID.name, *table.key],
            "missingValues": [MISSING],
        },
        "alternates": [file_properties(data / f"{table.name}.parquet", "application/vnd.apache.parquet")],
    }


def field(column: TableColumn) -> dict[str, Any]:
    """A column: name, type, meaning, and whether it may be missing."""
    constraints = {} if column.nullable else {"constraints": {"required": True}}
    return {"name": column.name, "type": FIELD_TYPES[column.sql_type], "description": column.description} | constraints


def file_properties(path: Path, mediatype: str) -> dict[str, Any]:
    """A file: where, in what form, how many bytes, and its SHA-256."""
    content = path.read_bytes()
    return {
        "path": path.name,
        "format": path.suffix.removeprefix("."),
        "mediatype": mediatype,
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }
