"""The data dictionary: the published tables as declared, and the warehouse's tables as dbt describes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models_py.table import Table
from models_py.tables import PUBLISHED_TABLES

DBT_MODELS = Path(__file__).parents[2] / "dbt_project" / "models"
# The schemas that researchers use; dbt's own pages document the others.
WAREHOUSE_SCHEMAS = ("marts", "estimation")


@dataclass(frozen=True, slots=True)
class Model:
    """A table of the warehouse: its description and columns (name, description, data_type) as in dbt's YAML."""

    schema: str
    name: str
    description: str
    columns: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Dictionary:
    """What the page shows."""

    published: tuple[Table, ...]
    warehouse: list[Model]


def dictionary() -> Dictionary:
    """Read the declarations."""
    return Dictionary(PUBLISHED_TABLES, [model for schema in WAREHOUSE_SCHEMAS for model in models(schema)])


def models(schema: str) -> list[Model]:
    """The models of a schema, in the order of its YAML file."""
    described = yaml.safe_load((DBT_MODELS / schema / f"_{schema}.yml").read_text(encoding="utf-8"))
    return [
        Model(schema, model["name"], model["description"], model.get("columns", [])) for model in described["models"]
    ]
