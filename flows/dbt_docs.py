"""dbt's own documentation page of a release: models, columns, tests and lineage, in one file that opens from disk.

dbt makes it (`dbt docs generate --static`) by writing its manifest into a page that it ships. The same is done here
from the manifest that the build left, without another run of dbt, without its catalog, which is read from the
database, and without compiled code and paths of this machine.
"""

import json
from collections.abc import Mapping
from importlib.metadata import files
from pathlib import Path
from typing import Any

import duckdb

from storage.warehouse import open_warehouse

PAGE = "dbt/task/docs/index.html"
OF_THIS_MACHINE = frozenset({"root_path", "build_path", "compiled_path", "compiled_code", "created_at"})
NODES = ("nodes", "sources", "macros", "exposures", "unit_tests")


class PageMissing(RuntimeError):
    """The installed dbt has no documentation page where this version of it should."""


def keep_manifest(database: Path, manifest: Path) -> None:
    """Keep dbt's manifest in the warehouse it describes, so that a discarded build leaves no manifest to publish."""
    with open_warehouse(database) as con:
        con.execute("create or replace table audit.dbt_manifest (content varchar)")
        con.execute("insert into audit.dbt_manifest values (?)", [manifest.read_text(encoding="utf-8")])


def kept_manifest(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The manifest of the build in a warehouse."""
    [(content,)] = con.sql("select content from audit.dbt_manifest").fetchall()
    manifest: dict[str, Any] = json.loads(content)
    return manifest


def write_dbt_docs(described: Mapping[str, Any], page: Path) -> None:
    """Write the documentation page of a dbt manifest.

    Raises:
        PageMissing: dbt ships its page elsewhere, or with other placeholders for manifest and catalog.
    """
    catalog: dict[str, Any] = {"metadata": {}, "nodes": {}, "sources": {}, "errors": None}
    text = stock_page()
    for mark, value in (("MANIFEST", without_this_machine(described)), ("CATALOG", catalog)):
        if f'"{mark}.JSON INLINE DATA"' not in text:
            raise PageMissing(f"dbt's {PAGE} has no place for its {mark.lower()}")
        # A closing tag inside a string would end the script around it.
        text = text.replace(f'"{mark}.JSON INLINE DATA"', json.dumps(value).replace("</", "<\\/"))
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")


def stock_page() -> str:
    """The page that dbt ships, found without importing dbt, which takes seconds.

    Raises:
        PageMissing: it is not there.
    """
    for file in files("dbt-core") or ():
        if file.as_posix() == PAGE:
            return str(file.read_text(encoding="utf-8"))
    raise PageMissing(f"dbt-core has no {PAGE}")


def without_this_machine(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest without what is of this machine: compiled code, paths, environment, the user, the candidate's name."""
    metadata = manifest["metadata"] | {"env": {}, "user_id": None, "send_anonymous_usage_stats": False}
    kept = {kind: {name: _kept(node) for name, node in manifest[kind].items()} for kind in NODES}
    return {**manifest, **kept, "metadata": metadata}


def _kept(node: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in node.items() if key not in OF_THIS_MACHINE}
    if node.get("database"):  # the candidate file that was built, which no longer exists
        kept |= {"database": "warehouse"}
        if node.get("relation_name"):
            kept["relation_name"] = node["relation_name"].replace(f'"{node["database"]}"', '"warehouse"', 1)
    return kept
