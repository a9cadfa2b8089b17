"""Covariance of the pooled estimates, of the kind that study.yml's models.covariance names.

Belongs here: the choice among clustered, robust and model-based, and its description in words. Does not belong here:
the scores of persons, or how estimates are found.
"""

from typing import Literal

from models_py.cells import Floats
from models_py.clustering import PersonScores, SmallSample, clustered_covariance
from models_py.products import Rows
from models_py.study import Models

CovarianceKind = Literal["clustered", "robust", "model"]

NO_FACTOR = "no small-sample factor"
# G persons, n person-years, p parameters.
CLUSTERED_FACTORS: dict[SmallSample, str] = {
    "stata": "G/(G-1)",
    "statsmodels": "G/(G-1)*(n-1)/(n-p)",
    "none": NO_FACTOR,
}
# In statsmodels' discrete models HC1 lacks its factor too, so all its HC variants equal HC0.
ROBUST_FACTORS: dict[SmallSample, str] = {"stata": "n/(n-1)", "statsmodels": NO_FACTOR, "none": NO_FACTOR}


def row_meat(rows: Rows, counts: Floats, P: Floats) -> Floats:
    """Sum over person-years of the outer product of their scores, (p, p), from cells: rows (n, k), counts, P (n, m).

    A person-year with outcome y in cell i has the score (1[y=j] - P_ij) x_i, one outcome j after the other. The product
    1[y=j] 1[y=l] is zero unless j = l. With N_i person-years in the cell the weights of x_i x_i' are therefore
    1[j=l] c_ij - c_ij P_il - P_ij c_il + N_i P_ij P_il.
    """
    observed, expected = counts[:, 1:].T, P[:, 1:].T
    weights = counts.sum(axis=1) * expected[:, None] * expected[None]
    weights -= observed[:, None] * expected[None] + expected[:, None] * observed[None]
    for j, of_outcome in enumerate(observed):
        weights[j, j] += of_outcome
    return rows.cross_products(weights)


def robust_covariance(bread: Floats, meat: Floats, n_observations: float, small_sample: SmallSample) -> Floats:
    """bread @ meat @ bread (p, p) with person-years as units (Huber 1967; White 1982), times the finite-sample factor.

    `stata`: n/(n-1) (Stata's `vce(robust)` for maximum likelihood); `statsmodels` and `none`: 1, statsmodels' HC0.
    """
    factor = n_observations / (n_observations - 1) if small_sample == "stata" else 1.0
    covariance: Floats = factor * bread @ meat @ bread
    return covariance


def pseudo_count_covariance(bread: Floats, rows: Rows, added: Floats, P: Floats) -> Floats:
    """What to add to a sandwich (p, p) for the pseudo-counts (n, m) of bias reduction, each as its own observation.

    The estimates solve the score equations of counts plus pseudo-counts. At a level without events all events are
    pseudo-counts, and the persons' scores alone show next to no variation. Without this term the sandwich would call
    such a coefficient exact, although the data say nothing about it (numbers in docs/estimators_bias_reduction.md).
    """
    covariance: Floats = bread @ row_meat(rows, added, P) @ bread
    return covariance


def select_covariance(
    kind: CovarianceKind,
    small_sample: SmallSample,
    bread: Floats,
    person_scores: PersonScores | None,
    rows: Rows,
    counts: Floats,
    P: Floats,
) -> Floats:
    """The covariance (p, p) of a kind; `bread` (p, p) is the inverse information, `rows` (n, k), counts and P (n, m).

    Raises:
        ValueError: `kind` is clustered and `person_scores` is missing.
    """
    if kind == "clustered":
        if person_scores is None:
            raise ValueError("standard errors clustered by person need to know the persons")
        return clustered_covariance(bread, person_scores, counts.sum(), small_sample)
    if kind == "robust":
        return robust_covariance(bread, row_meat(rows, counts, P), counts.sum(), small_sample)
    return bread


def describe_covariance(kind: CovarianceKind, small_sample: SmallSample) -> str:
    """Describe the covariance in words that can follow "standard errors"."""
    if kind == "clustered":
        return f"clustered by person, {CLUSTERED_FACTORS[small_sample]}"
    if kind == "robust":
        return f"robust by person-year, {ROBUST_FACTORS[small_sample]}"
    return "model-based, from the inverse information"


def covariance_remarks(models: Models) -> tuple[str, ...]:
    """The remark on the covariance for `fit.message`; none for the default kind."""
    default = Models.model_fields["covariance"].default, Models.model_fields["small_sample"].default
    if (models.covariance, models.small_sample) == default:
        return ()
    return (f"standard errors {describe_covariance(models.covariance, models.small_sample)}",)
