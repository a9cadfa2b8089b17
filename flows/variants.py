"""Estimate the variants of the study, each on the existing panel or on its own panel in a copy of the warehouse.

Belongs here: which panel a variant needs, and making and deleting the copy. Does not belong here: what a variant is
(`models_py/variants.py`), or the rows that are kept of it (`models_py/sensitivity.py`).
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.build import BuildFailed, build_at_the_ready, dbt_vars, rebuild_estimation_input
from flows.fit_progress import watched_variants
from flows.home import Home
from flows.log import step
from models_py.cells import EstimationInputError
from models_py.estimate import ESTIMATORS, verdicts
from models_py.fit_rows import Row
from models_py.sensitivity import base_verdicts, sensitivity_rows, write_sensitivity
from models_py.study import Study
from models_py.variants import Variant, variant_study
from storage.warehouse import copy_warehouse


class VariantFailed(Exception):
    """A variant's panel could not be built or cannot be estimated; names the variant, never a value."""


def estimate_variants(home: Home, candidate: Path, study: Study) -> None:
    """Fill `estimation.sensitivity` of a warehouse in which the study itself has just been estimated.

    Raises:
        VariantFailed: a variant could not be built or estimated; no rows are written.
    """
    base = base_verdicts(candidate)
    rows: list[Row] = []
    own_panel = {variant.name: has_own_panel(variant, study) for variant in study.variants}
    with watched_variants(candidate, study.variants, own_panel) as watch:
        for variant in study.variants:
            with step("variant") as said:
                said.append(variant.name)
                found = verdicts_of(variant, home, candidate, study, own_panel[variant.name])
                rows += sensitivity_rows(variant.name, found, base)
            watch(variant)
    write_sensitivity(candidate, rows)


def verdicts_of(variant: Variant, home: Home, candidate: Path, study: Study, own_panel: bool) -> list[Row]:
    """The verdicts under a variant, on the existing panel or on its own.

    Raises:
        VariantFailed: it could not be built or estimated.
    """
    other = variant_study(study, variant)
    models: Collection[str] = variant.models or ESTIMATORS
    try:
        if not own_panel:
            return verdicts(candidate, other, models)
        # One folder per variant: dbt parses its project again whenever its vars differ from the folder's last run.
        copy, work = candidate.with_name("candidate-variant.duckdb"), home.work / "dbt_variants" / variant.name
        with build_at_the_ready(copy, other, work), scratch_copy(candidate, copy):
            rebuild_estimation_input(copy, other, work)
            return verdicts(copy, other, models)
    except (BuildFailed, EstimationInputError) as error:
        raise VariantFailed(f"variant {variant.name} of study.yml: {error}") from None


def has_own_panel(variant: Variant, study: Study) -> bool:
    """Whether a variant changes a dbt var, so that it needs its own panel."""
    return dbt_vars(variant_study(study, variant)) != dbt_vars(study)


@contextmanager
def scratch_copy(candidate: Path, copy: Path) -> Iterator[None]:
    """Copy the candidate, and delete the copy at the end; after a kill the next run removes it with the candidate."""
    try:
        copy_warehouse(candidate, copy)
        yield
    finally:
        for left_over in (copy, copy.with_name(f"{copy.name}.wal")):
            left_over.unlink(missing_ok=True)
