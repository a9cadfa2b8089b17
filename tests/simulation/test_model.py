"""Outcomes follow the parameters that the truth names."""

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from synthetic import ParametersError
from synthetic.life import History, World, live, make_world
from synthetic.migration import Terms, _systematic, draw_outcomes, in_model_ages, probabilities
from synthetic.norway import Norway
from synthetic.parameters import CENTRALITY, EDUCATION, FAMILY, GROUPS, LABOUR, Group, load_parameters
from synthetic.people import residents_by_group
from synthetic.streams import Streams

NO_EFFECTS = {"sd_internal_move": 0, "sd_emigration": 0}
YEARS = (2014, 2017)
COVARIATES = (
    ("centrality", CENTRALITY, "5*"),
    ("family", FAMILY, "alone"),
    ("labour", LABOUR, "employed"),
    ("education", EDUCATION, "upper_secondary"),
)
NAMES = {"family": "family_situation", "labour": "labour_market_status"}


def design(terms: Terms) -> NDArray[np.float64]:
    age = (terms.age - 35) / 10
    columns = [np.ones(len(age)), terms.sex, age, age**2]
    for name, levels, reference in COVARIATES:
        columns += [getattr(terms, name) == levels.index(level) for level in levels if level != reference]
    return np.column_stack(columns).astype(float)


def truth(world: World, outcome: str, group: Group) -> NDArray[np.float64]:
    utility = getattr(world.parameters.utilities[group], outcome)
    values = [utility.intercept, utility.sex["female"], utility.age, utility.age_squared]
    for name, levels, reference in COVARIATES:
        named = getattr(utility, NAMES.get(name, name))
        values += [named[level] for level in levels if level != reference]
    return np.array(values)


def rows(world: World, history: History, year: int) -> tuple[Terms, NDArray[np.int8]]:
    terms, outcome = history.terms(world, year), history.outcomes[year]
    kept = (outcome < 3) & in_model_ages(world.parameters, terms.age)
    return Terms(*(getattr(terms, name)[kept] for name in Terms.__dataclass_fields__)), outcome[kept]


def test_a_logit_finds_the_parameters(tmp_path: Path, norway: Norway) -> None:
    """Without random effects, stratification and year effects the Wald statistic is chi-square."""
    group: Group = "immigrant"
    no_years = {outcome: {"year": dict.fromkeys(range(2014, 2022), 0.0)} for outcome in ("internal_move", "emigration")}
    path = tmp_path / "parameters.json"
    path.write_text(
        json.dumps(
            {
                "stratified_totals": False,
                "utilities": {name: {"random_effects": NO_EFFECTS, **no_years} for name in GROUPS},
            }
        )
    )
    world = make_world(load_parameters(path), norway, balanced=True, quirks=False)
    history = live(world, dict.fromkeys(GROUPS, 0) | {group: 15_000}, *YEARS, Streams(8, 0))
    parts = [rows(world, history, year) for year in range(*YEARS)]
    kept = [terms.group == GROUPS.index(group) for terms, _ in parts]
    x = np.vstack([design(terms)[rows_] for (terms, _), rows_ in zip(parts, kept, strict=True)])
    y = np.concatenate([outcome[rows_] for (_, outcome), rows_ in zip(parts, kept, strict=True)])
    fit = sm.MNLogit(y, x).fit(disp=False, maxiter=50)
    error = np.concatenate(
        [fit.params[:, 0] - truth(world, "internal_move", group), fit.params[:, 1] - truth(world, "emigration", group)]
    )
    wald = error @ np.linalg.solve(fit.cov_params(), error)
    assert stats.chi2.sf(wald, len(error)) > 0.001
    assert np.abs(error / fit.bse.ravel(order="F")).max() < 4


def test_stratified_totals_are_expectations_and_chances_the_models() -> None:
    rng = np.random.default_rng(1)
    probability = rng.uniform(0.01, 0.3, 400)
    stratum = rng.integers(0, 5, 400)
    drawn = np.array([_systematic(probability, stratum, rng) for _ in range(4000)])
    totals = np.array([[draw[stratum == s].sum() for s in range(5)] for draw in drawn])
    expected = np.array([probability[stratum == s].sum() for s in range(5)])
    assert (np.abs(totals - expected) < 1).all()
    z = (drawn.mean(axis=0) - probability) / np.sqrt(probability * (1 - probability) / 4000)
    assert np.abs(z).max() < 4.5
    assert np.std(z) == pytest.approx(1, abs=0.12)


def test_moves_keep_their_probability_under_stratification(country: tuple[World, History]) -> None:
    world, history = country
    terms, _ = rows(world, history, 2017)
    nothing = np.zeros(len(terms.age))
    move, leave = probabilities(world.parameters, terms, 2017, nothing, nothing)
    rng = np.random.default_rng(2)
    outcomes = np.array([draw_outcomes(world.parameters, terms, move, leave, rng) for _ in range(60)])
    z = ((outcomes == 1).sum() - 60 * move.sum()) / np.sqrt(60 * (move * (1 - move)).sum())
    assert abs(z) < 4


def test_random_effects_have_their_distribution(country: tuple[World, History]) -> None:
    world, history = country
    for number, group in enumerate(GROUPS):
        effects = world.parameters.utilities[group].random_effects
        of_group = history.people.group == number
        drawn = np.vstack([history.people.effect_internal_move[of_group], history.people.effect_emigration[of_group]])
        assert np.std(drawn, axis=1) == pytest.approx([effects.sd_internal_move, effects.sd_emigration], rel=0.06)
        assert np.corrcoef(drawn)[0, 1] == pytest.approx(effects.correlation, abs=0.06)


def test_a_balanced_extract_has_adults_of_every_group(norway: Norway) -> None:
    parameters = load_parameters()
    country, extract = (residents_by_group(parameters, norway, balanced) for balanced in (False, True))
    adult = slice(18, 65)
    table = extract["norwegian_born"]
    assert table[:, adult].sum() / table.sum() == pytest.approx(
        parameters.population.balanced_adult_share["norwegian_born"]
    )
    assert country["norwegian_born"][:, adult].sum() / country["norwegian_born"].sum() < 0.35
    assert np.allclose(sum(country.values()).sum(axis=0), norway.population.sum(axis=0), rtol=0.02)


@pytest.mark.parametrize(
    "text",
    [
        "{stratified: true}",
        "{utilities: {native: {emigration: {education: {phd: 1}}}}}",
        "{family: {rates: {all: {18: {alone>divorced: 0.1}}}}}",
        "{same_county: 2}",
        "[: :",
    ],
)
def test_parameters_that_cannot_be_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "parameters.yml"
    path.write_text(text)
    with pytest.raises(ParametersError, match=r"parameters\.yml"):
        load_parameters(path)


def test_a_missing_parameters_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParametersError, match=r"nowhere\.yml"):
        load_parameters(tmp_path / "nowhere.yml")
