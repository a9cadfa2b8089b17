"""Every word that can be shown is there in both languages."""

from typing import get_args

import pytest

from models_py.estimability import Status
from models_py.study import Study
from models_py.verdicts import Verdict
from report.language import LANGUAGES, WORDS, in_sentence, label, words
from report.marks import RAMPS, SHAPES, in_order, ramp, shape

DISPOSITIONS = (
    "unknown_municipality", "not_mainland", "not_resident", "unknown_person", "unknown_group", "age_outside_window",
    "died", "unexplained_exit",
)  # fmt: skip


@pytest.mark.parametrize("name", ["labels", "figures", "tables"])
def test_every_text_is_in_both_languages(name: str) -> None:
    for key, text in words(name).items():
        assert set(text) == set(LANGUAGES), key
        assert all(isinstance(said, str) and said for said in text.values()), key


@pytest.mark.parametrize("name", ["labels", "figures", "tables"])
def test_both_languages_fill_the_same_places(name: str) -> None:
    def places(said: str) -> set[str]:
        return {part.split("}")[0] for part in said.split("{")[1:]}

    for key, text in words(name).items():
        assert places(text["nb"]) == places(text["en"]), key


def test_no_key_stands_twice() -> None:
    for path in WORDS.glob("*.yml"):
        keys = [line.split(":")[0] for line in path.read_text(encoding="utf-8").splitlines() if line[:1].strip("# ")]
        assert len(keys) == len(set(keys)), path.name


def test_everything_published_has_a_label(study: Study) -> None:
    shown = {
        *study.models.groups, *study.variables.outcome.levels, *DISPOSITIONS, *get_args(Status), *get_args(Verdict),
        *(term.name for term in study.models.terms), "pooled", "random_effects", "sd_internal_move", "sd_emigration",
        "correlation",
    }  # fmt: skip
    for variable in ("sex", "centrality", "family_situation", "labour_market_status", "education"):
        shown |= set(study.levels(variable))
    for value in shown:
        for language in LANGUAGES:
            assert words("labels")[value][language]


def test_levels_and_groups_of_ones_own_are_shown_by_their_names() -> None:
    """Centrality merged to `4*` stopped a release after everything had been computed."""
    assert label("4*", "nb") == "4*"
    assert label("third_generation", "en") == "third generation"
    assert in_order({"third_generation", "native", "immigrant"}) == ["immigrant", "native", "third_generation"]
    assert ramp("third_generation") not in [ramp(group) for group in RAMPS]
    assert shape("third_generation") not in SHAPES.values()


def test_labels_within_a_sentence() -> None:
    assert in_sentence("norwegian_born", "en") == "Norwegian-born to two immigrant parents"
    assert in_sentence("norwegian_born", "nb") == "norskfødte med to innvandrerforeldre"
    assert in_sentence("alone", "en") == "living alone"
