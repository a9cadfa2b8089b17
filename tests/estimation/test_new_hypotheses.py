"""A hypothesis is added in study.yml alone: of every kind, in situations of its own, and about what the data lack."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml

from models_py.estimate import estimate
from models_py.study import Study, StudyError, load_study
from tests.estimation.conftest import PROJECT_ROOT
from tests.estimation.population import write_warehouse

TEXT = {"en": "A statement", "nb": "En påstand"}
WITHIN = {"contrast": "rural_minus_urban", "outcome": "internal_move", "group": "immigrant"}
BETWEEN = {
    "contrast": "between_groups",
    "outcome": "emigration",
    "group": "immigrant",
    "other_group": "native",
    "centrality": ["urban"],
}
GREATER = {"direction": "greater", "correction": "holm"}
NO_DIFFERENCE = {"direction": "none", "correction": "none"}
ONE = {"family_situation": ["alone"], "labour_market_status": ["employed"]}

NEW: dict[str, dict[str, Any]] = {
    "no difference between groups": BETWEEN | NO_DIFFERENCE | {"margin": 0.3, "centrality": ["rural", "urban"]},
    "no difference in staying": WITHIN | NO_DIFFERENCE | {"outcome": "stay", "margin": 0.01},
    "less, unadjusted": WITHIN | {"direction": "less", "correction": "none"},
    "a smaller gap in emigration": {
        "contrast": "smaller_gap",
        "outcome": "emigration",
        "group": "norwegian_born",
        "other_group": "immigrant",
        "direction": "less",
        "correction": "holm",
    },
    "of both sexes": WITHIN | GREATER | {"profiles": {"sex": ["female", "male"]}},
    "of men": BETWEEN | GREATER | {"profiles": ONE | {"sex": ["male"]}},
    "of ages": WITHIN | GREATER | {"profiles": ONE | {"age": [30, 55]}},
    "of the long educated": WITHIN | GREATER | {"profiles": {"education": ["long_higher"]}},
}


def study_with(folder: Path, hypotheses: list[dict[str, Any]], **changes: Any) -> Study:
    """The study as study.yml has it with these hypotheses in place of its own."""
    said = yaml.safe_load((PROJECT_ROOT / "study.yml").read_text(encoding="utf-8"))
    said |= {"hypotheses": [{"statement": TEXT} | one for one in hypotheses], "variants": []}
    for part, keys in changes.items():
        said[part] |= keys
    path = folder / "study.yml"
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    return load_study(path)


def outcome_of(database: Path, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    estimate(database, study)
    with duckdb.connect(str(database), read_only=True) as con:
        return (
            con.sql("from estimation.hypothesis_verdict").df().set_index("hypothesis_id"),
            con.sql("from estimation.hypothesis_test").df().set_index("hypothesis_id"),
        )


@pytest.mark.usefixtures("pooled_alone")
def test_every_kind_is_tested(rows: pd.DataFrame, tmp_path: Path) -> None:
    study = study_with(tmp_path, [{"id": name} | said for name, said in NEW.items()])
    verdicts, tests = outcome_of(write_warehouse(rows, tmp_path / "warehouse.duckdb"), study)
    assert list(verdicts.index) == list(NEW)
    assert (verdicts["verdict"] != "inconclusive").all()
    assert verdicts["n_tests"].to_dict() == {
        "no difference between groups": 12,
        "no difference in staying": 6,
        "less, unadjusted": 6,
        "a smaller gap in emigration": 6,
        "of both sexes": 12,
        "of men": 1,
        "of ages": 2,
        "of the long educated": 6,
    }
    assert not tests.reset_index().duplicated(["hypothesis_id", "profile", "contrast"]).any()
    assert list(tests.loc[["of men"], "profile"]) == ["alone, employed, male, centrality 1"]
    assert list(tests.loc["of ages", "profile"]) == ["alone, employed, age 30", "alone, employed, age 55"]
    assert list(tests.loc["of both sexes", "profile"])[:2] == ["alone, employed, female", "alone, employed, male"]
    assert tests.loc["of the long educated", "profile"].iloc[0] == "alone, employed, long_higher"
    assert tests.loc["less, unadjusted", "profile"].iloc[0] == "alone, employed"
    assert tests.loc["of both sexes", "estimate"].nunique() == 12
    assert tests.loc["no difference between groups", "margin"].eq(0.3).all()
    assert (tests.loc["less, unadjusted", "p_value"] == tests.loc["less, unadjusted", "p_adjusted"]).all()
    # The same six women are tested whether or not men are tested beside them.
    women = tests.loc["of both sexes"].query("profile.str.contains('female')")
    assert list(women["estimate"]) == list(tests.loc["less, unadjusted", "estimate"])


@pytest.mark.usefixtures("pooled_alone")
def test_situations_of_all_tests_cross_sexes_too(rows: pd.DataFrame, tmp_path: Path) -> None:
    grid = {
        "family_situation": ["alone"],
        "labour_market_status": ["employed", "unemployed"],
        "sex": ["male", "female"],
    }
    study = study_with(tmp_path, [{"id": "X1"} | WITHIN | GREATER], tests={"profiles": grid})
    _, tests = outcome_of(write_warehouse(rows, tmp_path / "warehouse.duckdb"), study)
    assert list(tests["profile"]) == [
        "alone, employed, male",
        "alone, employed, female",
        "alone, unemployed, male",
        "alone, unemployed, female",
    ]


@pytest.mark.usefixtures("pooled_alone")
def test_what_the_data_lack_is_inconclusive_with_the_reason(rows: pd.DataFrame, tmp_path: Path) -> None:
    lacking = {
        "of single parents": (
            {"profiles": {"family_situation": ["alone", "single_parent"]}},
            "Not tested: immigrant: no person-years with family_situation=single_parent are in the model.",
        ),
        "of the old": ({"profiles": {"age": [35, 70]}}, "Not tested: nobody of age 70 is in the panel."),
        "of a group without a model": (
            {"group": "norwegian_born"},
            "Not tested: no model of norwegian_born is specified.",
        ),
    }
    hypotheses = [{"id": name} | WITHIN | GREATER | said for name, (said, _) in lacking.items()]
    study = study_with(
        tmp_path, [*hypotheses, {"id": "X1"} | WITHIN | GREATER], models={"groups": ["immigrant", "native"]}
    )
    kept = rows[rows["family_situation"] != "single_parent"]
    verdicts, tests = outcome_of(write_warehouse(kept, tmp_path / "warehouse.duckdb"), study)
    assert verdicts["note"][list(lacking)].to_dict() == {name: note for name, (_, note) in lacking.items()}
    assert list(verdicts["verdict"])[:3] == ["inconclusive"] * 3
    assert set(tests.index) == {"X1"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (WITHIN | GREATER | {"profiles": {"sex": ["woman"]}}, "sex: 'woman' is not a level of it"),
        (WITHIN | GREATER | {"profiles": {"gender": ["female"]}}, "profiles.gender: Extra inputs are not permitted"),
        (WITHIN | GREATER | {"profiles": {"age": []}}, "profiles.age: Tuple should have at least 1 item"),
        (WITHIN | GREATER | {"profiles": {"age": [35, 35]}}, "a value stands twice"),
        (BETWEEN | GREATER | {"centrality": ["urban", "urban"]}, "a value stands twice"),
        (BETWEEN | GREATER | {"other_group": "immigrant"}, "group and other_group are the same"),
        (BETWEEN | GREATER | {"other_group": "nobody"}, "'nobody' is not a level of it"),
        (WITHIN | NO_DIFFERENCE, "margin goes with direction none, and is needed there"),
        (WITHIN | GREATER | {"margin": 0.1}, "margin goes with direction none"),
        (WITHIN | NO_DIFFERENCE | {"margin": 0.1, "correction": "holm"}, "easier to support"),
    ],
)
def test_a_hypothesis_that_makes_no_sense_is_refused(tmp_path: Path, said: dict[str, Any], told: str) -> None:
    with pytest.raises(StudyError, match=told):
        study_with(tmp_path, [{"id": "X1"} | said])


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ({"profiles": {"sex": ["female"]}}, "family_situation and labour_market_status must be named"),
        ({"rural": "1"}, "urban and rural are the same"),
    ],
)
def test_tests_that_make_no_sense_are_refused(tmp_path: Path, tests: dict[str, Any], told: str) -> None:
    with pytest.raises(StudyError, match=told):
        study_with(tmp_path, [{"id": "X1"} | WITHIN | GREATER], tests=tests)
