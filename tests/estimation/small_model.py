"""The random-effects model of three terms on a small panel, through the functions that registers go through.

Belongs here: a panel as `fit_random_effects` takes it. Does not belong here: what is expected of the results.
"""

import numpy as np

from models_py.cells import Cells, Factor, PathBatch
from models_py.pooled import Sample, make_sample
from models_py.random_effects_fit import fit_random_effects
from models_py.random_effects_results import RandomEffectsResults
from models_py.study import Study, Term
from tests.estimation.panels import Array, Panel, simulate_panel

AGES = np.arange(28, 60, 4)
B = np.array([[-1.5, -2.5], [0.4, -0.3], [-0.2, -0.3]])


def small_study(
    study: Study, covariance: str = "unstructured", fallback: str | None = None, max_iterations: int = 50
) -> Study:
    """The study with intercept, sex and age, and random effects of a covariance."""
    terms = (Term(name="intercept"), Term(name="sex", reference="male"), Term(name="age"))
    declared = study.models.random_effects.model_copy(update={"covariance": covariance, "fallback": fallback})
    changed = {"terms": terms, "random_effects": declared, "max_iterations": max_iterations}
    return study.model_copy(update={"models": study.models.model_copy(update=changed)})


def cells_with(counts: Array) -> Cells:
    """Cells of each age of each sex, (16, 3) person-years."""
    sex = Factor(np.repeat([0, 1], AGES.size), ("male", "female"))
    return Cells(np.arange(2 * AGES.size), np.tile(AGES, 2).astype(float), {"sex": sex}, counts)


def design_rows() -> Array:
    """The design (16, 3) of those cells."""
    return np.column_stack([np.ones(2 * AGES.size), np.repeat([0, 1], AGES.size), (np.tile(AGES, 2) - 35) / 10])


def draw(L: list[list[float]], seed: int, n_persons: int = 1500, years: int = 5, absorbing: int | None = None) -> Panel:
    """A panel on those rows."""
    return simulate_panel(np.random.default_rng(seed), n_persons, years, design_rows(), B, np.array(L), absorbing)


def inputs(panel: Panel, study: Study) -> tuple[Sample, list[PathBatch]]:
    """The panel as estimation reads it."""
    paths = panel.paths
    codes = (paths.rows * 3 + paths.outcomes).astype(np.int32)
    batch = PathBatch(paths.weights, codes, paths.offsets.astype(np.int32))
    return make_sample(cells_with(panel.counts), int(paths.weights.sum()), study), [batch]


def fit(panel: Panel, study: Study) -> RandomEffectsResults:
    """The results of the random-effects model."""
    sample, batches = inputs(panel, study)
    return fit_random_effects(sample, batches, study)
