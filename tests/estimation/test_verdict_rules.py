"""The verdict rules, said again in plain loops, and the words of the notes that go with them."""

import itertools
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from models_py.contrasts import Contrast
from models_py.hypotheses import Hypothesis
from models_py.study import Study
from models_py.verdicts import decide, explain, statistics_of

ERROR = 0.01
z_values = st.lists(st.floats(-6, 6), min_size=1, max_size=12)


def of(study: Study, hypothesis_id: str, **changes: object) -> Hypothesis:
    found = next(h for h in study.hypotheses if h.id == hypothesis_id)
    return Hypothesis.model_validate(found.model_dump() | changes)


def contrasts_with(z: list[float]) -> list[Contrast]:
    families = itertools.cycle(["alone", "married_with_children"])
    return [
        Contrast(f"profile {i}", "contrast", family, ERROR * value, ERROR)
        for (i, value), family in zip(enumerate(z), families, strict=False)
    ]


def judged(hypothesis: Hypothesis, z: list[float], study: Study) -> tuple[str, str]:
    tests = statistics_of(hypothesis, contrasts_with(z), study)
    verdict = decide(hypothesis.direction, [t.supports for t in tests], [t.contrary for t in tests])
    return verdict, explain(hypothesis, verdict, tests, study)


def rejected_by_holm(p_values: list[float]) -> list[bool]:
    """The smallest p-value against 5 % / n, the next against 5 % / (n - 1), until one is not smaller."""
    rejected = [False] * len(p_values)
    for step, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[at] >= 0.05 / (len(p_values) - step):
            break
        rejected[at] = True
    return rejected


def directional_verdict(z: list[float], expected: int) -> str:
    significant = rejected_by_holm([2 * norm.sf(abs(value)) for value in z])
    in_direction = [s and value * expected > 0 for s, value in zip(significant, z, strict=True)]
    other_way = [s and value * expected < 0 for s, value in zip(significant, z, strict=True)]
    if sum(in_direction) == len(z):
        return "supported"
    if sum(in_direction) > 0 and sum(other_way) == 0:
        return "partly_supported"
    return "not_supported"


@settings(deadline=None, max_examples=200)
@given(z=z_values)
@pytest.mark.parametrize(("hypothesis_id", "expected"), [("H1a", 1), ("H2a", -1), ("H3", 1), ("H6a", 1)])
def test_directional_hypotheses(study: Study, hypothesis_id: str, expected: int, z: list[float]) -> None:
    verdict, note = judged(of(study, hypothesis_id), z, study)
    assert verdict == directional_verdict(z, expected)
    silent = not all(rejected_by_holm([2 * norm.sf(abs(value)) for value in z]))
    assert ("no evidence of a difference" in note) == silent


@settings(deadline=None, max_examples=200)
@given(z=z_values, margin=st.floats(0.001, 0.1))
def test_hypotheses_of_no_difference(study: Study, z: list[float], margin: float) -> None:
    """Unadjusted; equivalence is beside the verdict, and neither is written as the other."""
    verdict, note = judged(of(study, "H1b", margin=margin), z, study)
    significant = [2 * norm.sf(abs(value)) < 0.05 for value in z]
    n_significant = sum(significant)
    assert verdict == {0: "supported", len(z): "not_supported"}.get(n_significant, "partly_supported")
    equivalent = [
        norm.sf((ERROR * value + margin) / ERROR) < 0.05 and norm.cdf((ERROR * value - margin) / ERROR) < 0.05
        for value in z
    ]
    assert (": evidence of no relevant difference" in note) == any(equivalent)
    silent = any(not s and not e for s, e in zip(significant, equivalent, strict=True))
    assert (": no evidence of a difference, which is not evidence of no relevant difference." in note) == silent
    both = any(s and e for s, e in zip(significant, equivalent, strict=True))
    assert ("significant, yet within the margin" in note) == both


@pytest.mark.parametrize(
    ("margin", "z", "note"),
    [
        (
            0.05,
            [0.0, 1.0],
            "2 of 2 tests find no significant difference at 5 %, unadjusted. All 2 show that any difference lies "
            "within ±0.05 as a yearly probability (two one-sided tests at 5 % each): evidence of no relevant "
            "difference.",
        ),
        (
            0.001,
            [0.0, 1.0],
            "2 of 2 tests find no significant difference at 5 %, unadjusted. None of 2 shows that any difference lies "
            "within ±0.001 as a yearly probability (two one-sided tests at 5 % each). In 2 of 2 neither a difference "
            "nor equivalence is shown: no evidence of a difference, which is not evidence of no relevant difference.",
        ),
        (
            0.02,
            [0.0, 1.0, 5.0, 0.0],
            "3 of 4 tests find no significant difference at 5 %, unadjusted. 2 of 4 show that any difference lies "
            "within ±0.02 as a yearly probability (two one-sided tests at 5 % each): evidence of no relevant "
            "difference there. In 1 of 4 neither a difference nor equivalence is shown: no evidence of a difference, "
            "which is not evidence of no relevant difference. Supporting tests by family situation: alone 1 of 2, "
            "married_with_children 2 of 2.",
        ),
        (
            0.05,
            [2.5],
            "0 of 1 test finds no significant difference at 5 %, unadjusted. It shows that any difference lies within "
            "±0.05 as a yearly probability (two one-sided tests at 5 % each): evidence of no relevant difference. "
            "In 1 of 1 the difference is significant, yet within the margin.",
        ),
    ],
)
def test_notes_of_no_difference_in_full(study: Study, margin: float, z: list[float], note: str) -> None:
    assert judged(of(study, "H1b", margin=margin), z, study)[1] == note


@pytest.mark.parametrize(
    ("z", "note"),
    [
        ([3.0, 3.0], "2 of 2 tests are significant in the expected direction at 5 % after Holm's correction."),
        (
            [3.0, 0.0],
            "1 of 2 tests is significant in the expected direction at 5 % after Holm's correction. 1 gives no evidence "
            "of a difference either way. Supporting tests by family situation: alone 1 of 1, "
            "married_with_children 0 of 1.",
        ),
        (
            [-3.0, 0.0],
            "0 of 2 tests are significant in the expected direction at 5 % after Holm's correction. 1 is significant "
            "in the opposite direction. 1 gives no evidence of a difference either way.",
        ),
    ],
)
def test_notes_of_a_direction_in_full(study: Study, z: list[float], note: str) -> None:
    assert judged(of(study, "H1a"), z, study)[1] == note


class Published:
    """Predictions from the coefficients and covariances of a group's pooled model, with nothing of ours."""

    def __init__(self, database: Path, group: str) -> None:
        where = f"where model = 'pooled' and population_group = '{group}'"
        with duckdb.connect(str(database), read_only=True) as con:
            rows = con.sql(
                f"select outcome, term, level, estimate from estimation.coefficient {where} and not is_reference"
            ).fetchall()
            covariance = con.sql(f"""
                select row_outcome, row_term, row_level, col_outcome, col_term, col_level, value
                from estimation.covariance {where}
            """).fetchall()
        self.names = [row[:3] for row in rows]
        self.b = np.array([row[3] for row in rows])
        at = {name: i for i, name in enumerate(self.names)}
        self.covariance = np.empty((len(at), len(at)))
        for row in covariance:
            self.covariance[at[row[:3]], at[row[3:6]]] = row[6]

    def probability(self, b: np.ndarray, outcome: str, person: dict[str, Any]) -> float:
        age = (person["age"] - 35) / 10
        numeric = {"intercept": 1.0, "age": age, "age_squared": age**2}
        x = [float(str(person[term]) == level) if level else numeric[term] for _, term, level in self.names]
        utilities = {"stay": 0.0, "internal_move": 0.0, "emigration": 0.0}
        for (of_outcome, _, _), value, coefficient in zip(self.names, x, b, strict=True):
            utilities[of_outcome] += value * coefficient
        return float(np.exp(utilities[outcome]) / sum(np.exp(list(utilities.values()))))

    def function(self, f: Any) -> tuple[float, float]:
        """f(b) and its standard error, by numeric derivatives."""
        steps = 1e-5 * np.eye(self.b.size)
        gradient = np.array([(f(self.b + step) - f(self.b - step)) / 2e-5 for step in steps])
        return f(self.b), float(np.sqrt(gradient @ self.covariance @ gradient))


def test_tests_follow_from_the_published_coefficients(warehouse: Path, study: Study) -> None:
    """All contrasts of all hypotheses, their errors and what they support, from coefficients and covariances alone."""
    groups = {group: Published(warehouse, group) for group in study.models.groups}
    with duckdb.connect(str(warehouse), read_only=True) as con:
        tests = con.sql("""
            select hypothesis_id, profile, estimate, std_error, equivalent, supports
            from estimation.hypothesis_test where model = 'pooled'
        """).fetchall()
    found: dict[str, list[tuple[float, float, bool, bool]]] = {h.id: [] for h in study.hypotheses}
    for hypothesis_id, profile, *rest in tests:
        hypothesis = of(study, hypothesis_id)
        family, labour, *place = profile.split(", ")
        person = {"age": 35, "sex": "female", "education": "short_higher", "year": 2018}
        person |= {"family_situation": family, "labour_market_status": labour}

        def p(b: np.ndarray, group: str, where: str, person: Any = person, h: Hypothesis = hypothesis) -> float:
            return groups[group].probability(b, h.outcome, person | {"centrality": where})

        def rural_minus_urban(group: str, p: Any = p) -> tuple[float, float]:
            return groups[group].function(lambda b: p(b, group, "5*") - p(b, group, "1"))

        if hypothesis.contrast == "between_groups":
            (where,) = (words.removeprefix("centrality ") for words in place)
            sides = [
                groups[group].function(lambda b, g=group, w=where: np.log(p(b, g, w)))
                for group in (hypothesis.group, str(hypothesis.other_group))
            ]
            expected = sides[0][0] - sides[1][0], float(np.hypot(sides[0][1], sides[1][1]))
        elif hypothesis.contrast == "smaller_gap":
            own, other = rural_minus_urban(hypothesis.group), rural_minus_urban(str(hypothesis.other_group))
            expected = min(other[0] - own[0], other[0] + own[0]), float(np.hypot(own[1], other[1]))
        else:
            difference, error = rural_minus_urban(hypothesis.group)
            expected = (-difference if hypothesis.contrast == "urban_minus_rural" else difference), error
        assert rest[:2] == pytest.approx(expected, rel=1e-4)
        found[hypothesis_id].append((rest[0], rest[1], rest[2], rest[3]))
    for hypothesis in study.hypotheses:
        z = [estimate / error for estimate, error, _, _ in found[hypothesis.id]]
        p_values = [2 * norm.sf(abs(value)) for value in z]
        if hypothesis.direction == "none":
            supports = [p_value >= 0.05 for p_value in p_values]
            shown = [abs(estimate) + norm.isf(0.05) * error < 0.005 for estimate, error, _, _ in found[hypothesis.id]]
            assert [equivalent for _, _, equivalent, _ in found[hypothesis.id]] == shown
        else:
            sign = -1 if hypothesis.id == "H2a" else 1
            supports = [r and value * sign > 0 for r, value in zip(rejected_by_holm(p_values), z, strict=True)]
        assert [supported for _, _, _, supported in found[hypothesis.id]] == supports
