"""How far estimation has come: a bar over fits, and one over variants.

Belongs here: what each fit and each variant weighs. Does not belong here: the bar (`flows/progress.py`), or any fit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from flows.progress import progress
from models_py.cells import count_person_years
from models_py.estimate import ESTIMATORS, Watch
from models_py.passes import watched_passes
from models_py.study import Study
from models_py.variants import Variant
from storage.warehouse import open_warehouse

# Used until fits have been timed: the time that a model takes per person-year, as a multiple of the pooled model's.
MODEL_WEIGHTS = {"pooled": 1.0, "random_effects": 8.0}
# The time that dbt takes to build a variant's own panel, as a rough multiple of the time for the pooled models.
PANEL_WEIGHT = 8.0


@contextmanager
def watched_fits(database: Path, study: Study) -> Iterator[Watch]:
    """A bar over the fits of a study; yields the function to call after each fit."""
    person_years = person_years_of(database)
    with progress("estimate", database.parent) as bar:
        bar.expect(
            {
                part(model, group): MODEL_WEIGHTS[model] * person_years.get(group, 0)
                for model in ESTIMATORS
                for group in study.models.groups
            }
        )
        with watched_passes(bar.more):
            yield lambda model, group: bar.done(part(model, group), person_years.get(group, 0))


@contextmanager
def watched_variants(
    database: Path, variants: Sequence[Variant], own_panel: Mapping[str, bool]
) -> Iterator[Callable[[Variant], None]]:
    """A bar over variants; yields the function to call after each variant.

    `own_panel` says, by name, which variants need their own panel. Rows are the study's person-years for each model.
    """
    models: dict[str, Sequence[str]] = {one.name: one.models or tuple(ESTIMATORS) for one in variants}
    n_rows = sum(person_years_of(database).values())
    with progress("variants", database.parent) as bar:
        bar.expect(
            {name: sum(MODEL_WEIGHTS[model] for model in of_variant) + PANEL_WEIGHT * own_panel[name]
             for name, of_variant in models.items()}
        )  # fmt: skip
        with watched_passes(bar.more):
            yield lambda variant: bar.done(variant.name, n_rows * len(models[variant.name]))


def part(model: str, group: str) -> str:
    """The name of a fit."""
    return f"{model} {group}"


def person_years_of(database: Path) -> dict[str, int]:
    """Person-years of each group."""
    with open_warehouse(database, read_only=True) as con:
        return count_person_years(con)
