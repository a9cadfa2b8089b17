"""How far dbt has come, by the events of its log.

Belongs here: which parts a build has and what each weighs. Does not belong here: running dbt, or the bar.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.progress import Bar
from storage.warehouse import open_warehouse

Event = Mapping[str, Any]

RESOURCE_TYPES = ("model", "seed", "test")
# Weights until a build has been timed: a table has millions of rows, everything else takes a moment; and dbt first
# reads its project for some seconds.
TABLE_WEIGHT, OTHER_WEIGHT, START_WEIGHT = 20.0, 1.0, 40.0
START = "start of dbt"


@dataclass(slots=True)
class Nodes:
    """Tells a bar which nodes are done; the registers' `n_rows` are spread evenly over the nodes that are tables.

    Attributes:
        manifest: dbt's list of nodes, written before the first of them runs.
        of_registers: whether only nodes that depend on a register run.
        left_out: models that do not run; their tests do not run either.
    """

    bar: Bar
    manifest: Path
    n_rows: int
    of_registers: bool = False
    left_out: Sequence[str] = ()
    _rows_each: dict[str, int] = field(default_factory=dict)

    def watch(self, event: Event) -> None:
        """Take note of one event."""
        name = event["info"]["name"]
        if name == "ConcurrencyLine":
            nodes = json.loads(self.manifest.read_text(encoding="utf-8"))["nodes"]
            weights = {
                node: weight for node, weight in node_weights(nodes).items() if not is_about(self.left_out, node, nodes)
            }
            if self.of_registers:
                weights = {node: weight for node, weight in weights.items() if follows_from_a_register(node, nodes)}
            self.bar.expect({START: START_WEIGHT, **weights})
            tables = [node for node, weight in weights.items() if weight == TABLE_WEIGHT]
            self._rows_each = dict.fromkeys(tables, self.n_rows // max(1, len(tables)))
            self.bar.done(START)
        elif name.startswith("Log") and name.endswith("Result"):
            node = event["data"]["node_info"]["unique_id"]
            self.bar.done(node, self._rows_each.get(node, 0))


def node_weights(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """What each node of a manifest weighs, without ephemeral models: they are part of others and do not run."""
    kinds = {name: node.get("config", {}).get("materialized") for name, node in nodes.items()}
    return {
        name: TABLE_WEIGHT if kinds[name] in ("table", "incremental") else OTHER_WEIGHT
        for name, node in nodes.items()
        if node["resource_type"] in RESOURCE_TYPES and kinds[name] != "ephemeral"
    }


def is_about(models: Sequence[str], node: str, nodes: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a node of a manifest is one of these models, or tests one."""
    tested = nodes[node]["depends_on"]["nodes"] if nodes[node]["resource_type"] == "test" else ()
    return any(name.split(".")[-1] in models for name in (node, *tested))


def follows_from_a_register(node: str, nodes: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a node of a manifest depends on a source, directly or through other nodes."""
    if node not in nodes:
        return node.startswith("source.")
    return any(follows_from_a_register(other, nodes) for other in nodes[node]["depends_on"].get("nodes", ()))


def count_raw_rows(database: Path) -> int:
    """Rows of the registers that are loaded, by DuckDB's own estimate."""
    with open_warehouse(database, read_only=True) as con:
        row = con.execute("select sum(estimated_size) from duckdb_tables() where schema_name = 'raw'").fetchone()
    return int(row[0] or 0) if row else 0
