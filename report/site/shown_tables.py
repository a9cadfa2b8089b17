"""The tables as the site shows them, and their files to download."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_py.study import Study
from report import tables
from report.language import Language, label
from report.release import Release
from report.site.hypotheses import MODELS


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table: `html` to stand in a page, `files` by form, as places within the site."""

    name: str
    title: str
    html: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Tables:
    """What the page shows; `coefficients` in the order of models and groups."""

    framework: ShownTable
    verdicts: ShownTable
    coefficients: list[ShownTable]


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "html": lambda table: tables.to_html(table).encode(),
    "tex": lambda table: tables.to_latex(table).encode(),
    "xlsx": tables.to_excel,
}


def write_tables(release: Release, study: Study, language: Language, site: Path) -> Tables:
    """Write every table into the site's `downloads/`."""

    def written(name: str, title: str, table: Any) -> ShownTable:
        files = {form: f"downloads/{name}_{language}.{form}" for form in WRITERS}
        for form, write in WRITERS.items():
            (site / files[form]).write_bytes(write(table))
        return ShownTable(name, title, tables.to_html(table), files)

    return Tables(
        written("table_1", "", tables.framework_table(study, language)),
        written("table_2", "", tables.hypothesis_table(release, language)),
        [
            written(
                f"coefficients_{model}_{group}",
                f"{label(model, language)}: {label(group, language)}",
                tables.coefficient_table(release, group, language, model),
            )
            for model, group in fitted(release, study)
        ],
    )


def fitted(release: Release, study: Study) -> list[tuple[str, str]]:
    """Models and groups that the release tells of, estimated or not."""
    told = {(row["model"], row["population_group"]) for row in release.rows("select * from results.fit")}
    return [(model, group) for model in MODELS for group in study.models.groups if (model, group) in told]
