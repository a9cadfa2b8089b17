"""How often 95 % intervals cover the truth: a campaign of simulations, fitted by the same functions as the registers.

Run `make coverage` or `python -m bench.coverage --replications 1000`. Each replication draws persons with random
effects over five years and estimates the pooled and the random-effects model:

- `recurrent`: emigrants may return, so that everyone is seen in every year;
- `absorbing`: emigration ends a person's panel. Then the pooled model has no truth of its own (who is left has other
  random effects than who began), and of the random effects the data tell the first standard deviation and the
  covariance divided by it, not the second standard deviation and the correlation apart.

The truth of the pooled model under random effects is where its likelihood has its maximum on the true probabilities
(White 1982), which is what an estimator with standard errors clustered by person is an estimator of.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models_py.cells import Cells, Factor, Floats, PathBatch
from models_py.estimability import NotEstimableError
from models_py.integration import IntegratedResponse
from models_py.multinomial import newton, null_params
from models_py.pooled import fit_pooled, make_sample
from models_py.products import DenseRows
from models_py.quadrature import product_rule
from models_py.random_effects_fit import fit_random_effects
from models_py.random_effects_results import RandomEffectsResults
from models_py.results import MultinomialLogitResults
from models_py.study import Study, Term, load_study
from models_py.variance_components import component, make_structure

STUDY = Path(__file__).parents[1] / "study.yml"
TERMS = (Term(name="intercept"), Term(name="sex", reference="male"), Term(name="age"))
# Ages on 1 January of a person's first year, and years of the panel.
FIRST_AGES, YEARS = np.arange(25, 60), 5
AGES = np.arange(FIRST_AGES[0], FIRST_AGES[-1] + YEARS)
# Intercept, sex, age in decades from 35: a column for internal moves and one for emigration.
B = np.array([[-2.0, -2.6], [0.3, -0.2], [-0.3, -0.2]])
L = np.array([[0.9, 0.0], [0.4, 0.8]])
EMIGRATION = 2
Z = 1.959964
OUTCOMES, COLUMNS = ("internal_move", "emigration"), ("intercept", "sex=female", "age")


@dataclass(frozen=True, slots=True)
class Case:
    """A process that makes data: whether emigration ends a person's panel, and how many persons are drawn."""

    name: str
    absorbing: bool
    persons: int


CASES = (Case("recurrent", False, 2_000), Case("absorbing", True, 4_000))


@dataclass(slots=True)
class Covered:
    """Of one quantity: whether each interval covered the truth, and what was estimated."""

    truth: float
    hits: list[bool] = field(default_factory=list)
    estimates: list[float] = field(default_factory=list)

    def add(self, estimate: float, low: float | None, high: float | None) -> None:
        """Count an interval; an end that is not found is no end, so that it excludes nothing."""
        above = low is None or low <= self.truth
        below = high is None or high >= self.truth
        self.hits.append(bool(above and below))
        self.estimates.append(float(estimate))

    def add_wald(self, estimate: float, error: float) -> None:
        """Count estimate ± 1.96 standard errors."""
        self.add(estimate, estimate - Z * error, estimate + Z * error)

    @property
    def share(self) -> float:
        """Share of intervals that covered."""
        return float(np.mean(self.hits))


def small_study() -> Study:
    """The study with three terms."""
    study = load_study(STUDY)
    return study.model_copy(update={"models": study.models.model_copy(update={"terms": TERMS})})


def design_of(ages: Floats, sex: np.ndarray) -> Floats:
    """Rows (n, 3) as the design of the study has them."""
    return np.column_stack([np.ones(ages.size), sex, (ages - 35) / 10])


def draw(rng: np.random.Generator, case: Case) -> tuple[Cells, PathBatch]:
    """Cells and paths of persons whose age grows by a year a year; a cell is an age of one sex."""
    sex, first = rng.integers(0, 2, case.persons), rng.choice(FIRST_AGES, case.persons)
    effects = rng.normal(size=(case.persons, 2)) @ L.T
    ages = first[:, None] + np.arange(YEARS)
    cell = sex[:, None] * AGES.size + ages - AGES[0]
    X = design_of(ages.ravel().astype(float), np.repeat(sex, YEARS))
    utilities = np.column_stack([np.zeros(len(X)), X @ B + np.repeat(effects, YEARS, axis=0)])
    outcome = (utilities + rng.gumbel(size=utilities.shape)).argmax(axis=1).reshape(case.persons, YEARS)
    seen = np.ones(outcome.shape, dtype=bool)
    if case.absorbing:
        gone = np.cumsum(outcome == EMIGRATION, axis=1)
        seen = (gone - (outcome == EMIGRATION)) == 0
    codes = (cell * 3 + outcome)[seen]
    offsets = np.concatenate([[0], np.cumsum(seen.sum(axis=1))])
    counts = np.bincount(codes, minlength=2 * AGES.size * 3).reshape(-1, 3).astype(float)
    batch = PathBatch(np.ones(case.persons), codes.astype(np.int32), offsets.astype(np.int32))
    return cells_of(counts), batch


def cells_of(counts: Floats) -> Cells:
    """Cells of all ages of both sexes, (2 ages, 3) person-years."""
    sex = Factor(np.repeat([0, 1], AGES.size), ("male", "female"))
    return Cells(np.arange(len(counts)), np.tile(AGES, 2).astype(float), {"sex": sex}, counts)


def pooled_truth() -> Floats:
    """What the pooled model estimates (3, 2) where emigrants return: its maximum on the true probabilities."""
    years_at_age = np.convolve(np.ones(FIRST_AGES.size), np.ones(YEARS))
    X = design_of(np.tile(AGES, 2).astype(float), np.repeat([0, 1], AGES.size))
    structure = make_structure("unstructured", 2)
    response = IntegratedResponse(structure, np.array([L[0, 0], L[1, 0], L[1, 1]]), product_rule(31, 2))
    expected = np.tile(years_at_age, 2)[:, None] * response.probabilities(X @ B).values
    return newton(DenseRows(X), expected, null_params(expected, 3), 50).params


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was covered, by model and quantity, and how many fits of each model said that they could not be made."""

    covered: dict[tuple[str, str], Covered]
    refused: dict[str, int]


def run(case: Case, replications: int, seed: int) -> Campaign:
    """Draw, estimate and count."""
    study, rng, campaign = small_study(), np.random.default_rng(seed), new_campaign(case)
    for _ in range(replications):
        cells, batch = draw(rng, case)
        sample = make_sample(cells, case.persons, study)
        if not case.absorbing:
            count_coefficients(campaign, "pooled", fit_pooled(sample, [batch], study))
        try:
            results = fit_random_effects(sample, [batch], study)
        except NotEstimableError:
            campaign.refused["random_effects"] += 1
            continue
        count_coefficients(campaign, "random_effects", results)
        count_components(campaign, results)
    return campaign


def new_campaign(case: Case) -> Campaign:
    """One with nothing counted yet."""
    elements, structure = np.array([L[0, 0], L[1, 0], L[1, 1]]), make_structure("unstructured", 2)
    truths = {("random_effects", name): truth for name, truth in coefficients(B)}
    if not case.absorbing:
        truths = {("pooled", name): truth for name, truth in coefficients(pooled_truth())} | truths
    for name, (outcome, other) in {"sd_internal_move": (0, 0), "sd_emigration": (1, 1), "correlation": (1, 0)}.items():
        truths["random_effects", name] = component(structure, elements, outcome, other).value
    truths["random_effects", "covariance / sd_internal_move"] = float(L[1, 0])
    return Campaign({key: Covered(truth) for key, truth in truths.items()}, {"random_effects": 0})


def coefficients(params: Floats) -> Iterator[tuple[str, float]]:
    """Names and values of coefficients (3, 2)."""
    for j, outcome in enumerate(OUTCOMES):
        for i, column in enumerate(COLUMNS):
            yield f"{outcome}: {column}", float(params[i, j])


def count_coefficients(campaign: Campaign, model: str, results: MultinomialLogitResults | RandomEffectsResults) -> None:
    """Count the intervals of a fit's coefficients."""
    errors = dict(coefficients(results.bse))
    for name, estimate in coefficients(results.params):
        campaign.covered[model, name].add_wald(estimate, errors[name])


def count_components(campaign: Campaign, results: RandomEffectsResults) -> None:
    """Count the profile intervals of the variance components, and Wald's of the covariance over the first deviation."""
    for found in results.variance_components:
        estimate = np.nan if found.value is None else found.value
        campaign.covered["random_effects", found.name].add(estimate, found.low, found.high)
    at = results.params.size + 1
    sign = np.sign(results.elements[0])
    error = float(np.sqrt(results.covariance[at, at]))
    campaign.covered["random_effects", "covariance / sd_internal_move"].add_wald(sign * results.elements[1], error)


def table(case: Case, campaign: Campaign, replications: int) -> str:
    """A Markdown table of a case."""
    head = f"`{case.name}`: {replications:,} replications of {case.persons:,} persons"
    refused = campaign.refused["random_effects"]
    lines = [
        f"{head}; {refused} without random-effects estimates.",
        "",
        "| model | quantity | truth | mean | covered |",
    ]
    lines.append("| --- | --- | --- | --- | --- |")
    lines += [
        f"| {model} | {name} | {one.truth:.3f} | {np.nanmean(one.estimates):.3f} | {100 * one.share:.1f} % |"
        for (model, name), one in campaign.covered.items()
    ]
    for model in ("pooled", "random_effects"):
        if shares := coefficient_shares(campaign, model):
            lines.append(f"| {model} | all coefficients | | | {100 * np.mean(shares):.1f} % |")
    return "\n".join(lines)


def coefficient_shares(campaign: Campaign, model: str) -> list[float]:
    """Coverage of each coefficient of a model; empty for a model that the case does not have."""
    return [one.share for (of, name), one in campaign.covered.items() if of == model and ": " in name]


def main() -> None:
    """Run all cases and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    for case in CASES:
        print(table(case, run(case, options.replications, options.seed), options.replications), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
