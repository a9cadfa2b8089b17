"""Effects as published say what is known of the effect, and not how many persons they are the mean of."""

import numpy as np
import pytest

from models_py.fit_rows import Row
from models_py.published_effects import published_effects, round_to_error
from models_py.study import Study

GROUPS = ("immigrant", "native")
YEARS = np.array([779, 815, 843, 871, 893, 3])  # person-years of a group, few of them in the last year


@pytest.mark.parametrize(
    ("value", "error", "published"),
    [
        (0.0123456, 0.00234, (0.0123, 0.0023)),
        (-0.5, 0.0996, (-0.5, 0.1)),
        (12.3456, 3.21, (12.3, 3.2)),
        (1.23e-7, 4.56e-3, (0.0, 0.0046)),
        (1.5, float("inf"), (1.5, float("inf"))),
    ],
)
def test_a_value_goes_to_the_second_digit_of_its_error(
    value: float, error: float, published: tuple[float, float]
) -> None:
    assert round_to_error(value, error) == pytest.approx(published, abs=1e-15)


def rows_of(effects: np.ndarray, errors: np.ndarray, study: Study) -> list[Row]:
    """Rows of effects (levels, outcomes) of two groups."""
    return [
        {"model": "pooled", "population_group": group, "term": "centrality", "level": str(level), "outcome": outcome,
         "effect": effects[level, j], "std_error": errors[level, j], "ci_low": 0.0, "ci_high": 0.0}
        for group in GROUPS
        for level in range(len(effects))
        for j, outcome in enumerate(study.variables.outcome.levels)
    ]  # fmt: skip


def test_person_years_cannot_be_solved_for(study: Study) -> None:
    """A model of centrality and year: four effects on three outcomes are means over six years, which they once gave."""
    rng = np.random.default_rng(1)
    differences = rng.normal(0.02, 0.004, (4, 3, len(YEARS)))  # ΔP of a class in each year, from the coefficients
    effects = differences @ YEARS / YEARS.sum()
    errors = np.full((4, 3), 0.25 / np.sqrt(YEARS.sum()))
    assert solved(effects, differences) == pytest.approx(YEARS, abs=1e-6)

    published, contrasts = published_effects(rows_of(effects, errors, study), study, GROUPS)
    of_one = [row for row in published if row["population_group"] == "immigrant"]
    told = np.array([row["effect"] for row in of_one]).reshape(4, 3)
    assert np.abs(told - effects).max() <= errors.max() / 20 + 1e-12
    # Whatever lies within the rounding fits as well, among it numbers that are off by more than rounding hides.
    assert np.abs(solved(told, differences) - YEARS).max() > 2 * 5
    for row in [*published, *contrasts]:
        ends = [float(str(row[name])) for name in ("ci_low", "ci_high")]
        assert np.mean(ends) == pytest.approx(float(str(row.get("effect", row.get("difference")))), abs=1e-15)


def solved(effects: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """The person-years whose means come closest to the effects."""
    A = differences.reshape(-1, len(YEARS))
    shares = np.linalg.lstsq(np.vstack([A, np.ones(len(YEARS))]), np.append(effects.ravel(), 1), rcond=None)[0]
    return shares * YEARS.sum()


def test_contrasts_are_of_what_is_published(study: Study) -> None:
    effects = np.array([[0.0123456, -0.0123456, 0.0]])
    rows = rows_of(effects, np.full((1, 3), 0.00234), study)
    published, contrasts = published_effects(rows, study, GROUPS)
    assert [row["difference"] for row in contrasts] == [0.0, 0.0, 0.0]
    assert [row["effect"] for row in published[:3]] == [0.0123, -0.0123, 0.0]
    assert {row["z"] for row in contrasts} == {0.0}
    exact, differences = published_effects(rows, study, {"native"})
    assert [row["effect"] for row in exact[:3]] == effects[0].tolist()
    assert [row["difference"] for row in differences] == (effects[0] - [0.0123, -0.0123, 0.0]).tolist()
