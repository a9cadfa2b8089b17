"""Variants as the specification has them: what they may say, and the study each of them is."""

from pathlib import Path

import duckdb
import pytest
import yaml

from flows.build import dbt_vars
from models_py.estimate import verdicts
from models_py.sensitivity import NOT_TESTED, sensitivity_rows
from models_py.study import Study, StudyError, load_study
from models_py.variants import Variant, variant_study
from tests.estimation.conftest import PROJECT_ROOT

TEXT = {"en": "Another choice", "nb": "Et annet valg"}


def variant(name: str = "other", **said: object) -> Variant:
    return Variant.model_validate({"name": name, "statement": TEXT} | said)


def refusal(folder: Path, *variants: dict) -> str:
    """What is said of study.yml with these variants in place of its own."""
    said = yaml.safe_load((PROJECT_ROOT / "study.yml").read_text(encoding="utf-8"))
    said["variants"] = [{"statement": TEXT} | one for one in variants]
    path = folder / "study.yml"
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        load_study(path)
    return str(caught.value)


def test_the_studys_own_variants_differ_from_it_and_each_other(study: Study) -> None:
    studies = [study.model_copy(update={"variants": ()}), *(variant_study(study, one) for one in study.variants)]
    assert len({one.model_dump_json() for one in studies}) == len(study.variants) + 1
    assert not any(one.variants for one in studies)


def test_a_part_is_merged_and_anything_else_replaced(study: Study) -> None:
    codes = {"1": ["1"], "2": ["2"], "3": ["3"], "5*": ["4", "5", "6"]}
    other = variant_study(
        study, variant(changes={"panel": {"age": {"first": 30}}, "variables": {"centrality": {"codes": codes}}})
    )
    assert (other.panel.age.first, other.panel.age.last) == (30, study.panel.age.last)
    assert other.panel.outcome_rule == study.panel.outcome_rule
    assert other.levels("centrality") == ("1", "2", "3", "5*")
    assert other.hypotheses == study.hypotheses


def test_a_term_is_left_out_by_name(study: Study) -> None:
    other = variant_study(study, variant(without_terms=["education", "year"]))
    left_out = {term.name for term in study.models.terms} - {term.name for term in other.models.terms}
    assert left_out == {"education", "year"}
    assert other == variant_study(
        study, variant(changes={"models": {"terms": [term.model_dump() for term in other.models.terms]}})
    )


def test_what_a_model_cannot_tell_apart_is_tested_once(study: Study) -> None:
    grid, hypothesis = study.tests.profiles.named, study.hypotheses[0]
    situations = study.tested_situations(hypothesis)
    assert len(situations) == len(grid["family_situation"]) * len(grid["labour_market_status"])
    other = variant_study(study, variant(without_terms=["labour_market_status"]))
    assert [at.family_situation for at in other.tested_situations(hypothesis)] == list(grid["family_situation"])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"changes": {"panel": {"age": {"frist": 30}}}}, "panel.age.frist: Extra inputs are not permitted"),
        ({"changes": {"panel": {"outcome_rule": "coin"}}}, "panel.outcome_rule: Input should be"),
        ({"changes": {"tests": {"rural": "7"}}}, "centrality: '7' is not a level of it"),
        ({"changes": {"disclosure": {"threshold": 1}}}, "disclosure: only panel"),
        ({"changes": {"load": {"first_birth_year": 1900}}}, "load: only panel"),
        ({"changes": {"gates": {"residents_change": 1}}}, "gates: only panel"),
        ({"changes": {"hypotheses": {}}}, "hypotheses: only panel"),
        ({"changes": {"variants": {}}}, "variants: only panel"),
        ({"changes": {"panle": {}}}, "panle: only panel"),
        ({"without_terms": ["sexe"]}, "without_terms: sexe is no term"),
        ({"without_terms": ["intercept"]}, "the intercept comes first"),
        ({"changes": {"panel": {"outcome_rule": "year_end"}}}, "it changes nothing"),
        ({}, "it changes nothing"),
        ({"without_terms": ["education"], "models": ["probit"]}, "variants.0.models.0: Input should be"),
    ],
)
def test_a_variant_that_is_no_study_is_refused_by_name(tmp_path: Path, said: dict, told: str) -> None:
    refused = refusal(tmp_path, {"name": "other", **said})
    assert "variants: other: " in refused or "variants.0." in refused
    assert told in refused


def test_names_are_their_own(tmp_path: Path) -> None:
    one = {"changes": {"tests": {"rural": "4"}}}
    assert "the name base is taken" in refusal(tmp_path, {"name": "base", **one})
    assert "the name other is taken" in refusal(tmp_path, {"name": "other", **one}, {"name": "other", **one})
    assert "variants.0.name" in refusal(tmp_path, {"name": "Other one", **one})


def verdict(found: str, note: str = "6 of 6 tests.") -> dict:
    return {"model": "pooled", "hypothesis_id": "H3", "verdict": found, "n_tests": 6, "n_supporting": 6, "note": note}


@pytest.mark.parametrize(
    ("found", "base", "agrees"),
    [
        ("supported", "supported", True),
        ("supported", "not_supported", False),
        ("supported", "inconclusive", None),
        ("inconclusive", "supported", None),
        ("inconclusive", "inconclusive", None),
    ],
)
def test_verdicts_agree_where_both_are_conclusive(found: str, base: str, agrees: bool | None) -> None:
    [row] = sensitivity_rows("other", [verdict(found)], [verdict(base)])
    assert (row["variant"], row["verdict"], row["base_verdict"], row["agrees"]) == ("other", found, base, agrees)


def test_why_a_variant_was_not_tested_is_not_told() -> None:
    [row] = sensitivity_rows(
        "other", [verdict("inconclusive", "no emigration at centrality=4")], [verdict("supported")]
    )
    assert row["note"] == NOT_TESTED


def test_verdicts_alone_are_those_of_a_whole_estimation(warehouse: Path, study: Study) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        whole = con.sql("from estimation.hypothesis_verdict").to_arrow_table().to_pylist()
    assert verdicts(warehouse, study, ["pooled"]) == [row for row in whole if row["model"] == "pooled"]


def without(study: Study, *terms: str) -> Study:
    """The study itself without terms."""
    return variant_study(study, variant(without_terms=terms))


def test_a_variant_can_add_a_covariate(warehouse: Path, study: Study) -> None:
    """A study without education, a variant of it with: its verdicts are those of the study that always had it."""
    whole = [term.model_dump(exclude_none=True) for term in study.models.terms]
    lean = without(study, "education")
    fuller = variant_study(lean, variant(changes={"models": {"terms": whole}}))
    assert fuller == study.model_copy(update={"variants": ()})
    assert verdicts(warehouse, fuller, ["pooled"]) == verdicts(warehouse, study, ["pooled"])
    assert verdicts(warehouse, fuller, ["pooled"]) != verdicts(warehouse, lean, ["pooled"])


def test_a_variant_can_change_a_terms_reference(warehouse: Path, study: Study) -> None:
    """Another reference is another parametrisation of the same probabilities: no verdict may change."""
    terms = [term.model_dump(exclude_none=True) for term in study.models.terms]
    other = [term | {"reference": "long_higher"} if term["name"] == "education" else term for term in terms]
    found = verdicts(warehouse, variant_study(study, variant(changes={"models": {"terms": other}})), ["pooled"])
    assert found == verdicts(warehouse, study, ["pooled"])


TERMS = [{"name": "intercept"}, {"name": "centrality", "reference": "5*"}, {"name": "age"}]
CENTRALITY = {"1": ["1", "2"], "3": ["3"], "4": ["4"], "5*": ["5", "6"]}


@pytest.mark.parametrize(
    ("said", "panel_is_another"),
    [
        ({"changes": {"panel": {"outcome_rule": "first_event"}}}, True),
        ({"changes": {"panel": {"age": {"first": 20, "last": 59}}}}, True),
        ({"changes": {"panel": {"years": {"first": 2016}}}}, True),
        ({"changes": {"geography": {"split_successors": {"1850": "1806", "5012": "5059"}}}}, True),
        ({"changes": {"variables": {"centrality": {"codes": CENTRALITY}}}}, True),
        ({"changes": {"tests": {"urban": "2", "rural": "4"}}}, False),
        ({"changes": {"tests": {"profiles": {"sex": ["female", "male"]}}}}, False),
        ({"changes": {"profiles": {"base": {"age": 45}}}}, False),
        ({"changes": {"models": {"random_effects": {"covariance": "shared"}}}}, False),
        ({"changes": {"models": {"covariance": "robust", "small_sample": "none"}}}, False),
        ({"changes": {"models": {"terms": TERMS}}}, False),
        ({"without_terms": ["sex"], "changes": {"panel": {"age": {"first": 30}}}}, True),
    ],
)
def test_every_choice_may_vary(study: Study, said: dict, panel_is_another: bool) -> None:
    """Those that change what the SQL is told have their panel built anew."""
    other = variant_study(study, variant(**said))
    assert (dbt_vars(other) != dbt_vars(study)) == panel_is_another
    assert other.hypotheses == study.hypotheses


def test_tests_of_both_sexes_are_a_variant(warehouse: Path, study: Study) -> None:
    both = variant_study(study, variant(changes={"tests": {"profiles": {"sex": ["female", "male"]}}}))
    found, own = (verdicts(warehouse, asked, ["pooled"]) for asked in (both, study))
    assert [row["n_tests"] for row in found] == [2 * row["n_tests"] for row in own]
    lean = verdicts(warehouse, without(both, "sex"), ["pooled"])
    assert [row["n_tests"] for row in lean] == [row["n_tests"] for row in own]


def test_without_centrality_no_contrast_is_tested_twice(warehouse: Path, study: Study) -> None:
    other = variant_study(study, variant(without_terms=["centrality"]))
    found = {row["hypothesis_id"]: row for row in verdicts(warehouse, other, ["pooled"])}
    assert found["H1a"]["n_tests"] == len(study.tested_situations(study.hypotheses[0]))
    assert found["H4"]["verdict"] == "inconclusive"
