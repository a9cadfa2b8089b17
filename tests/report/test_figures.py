"""Figures are valid, have a mark a row, follow the numbers of the release, and say what is not there."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
import vl_convert

from report.figures import FIGURES, VEGA_LITE, caption, chart, picture, specification
from report.figures.municipalities import centrality_of_municipalities
from report.language import LANGUAGES, Language
from report.release import Release
from tests.report.conftest import STUDY, Changed

NAMES = tuple(FIGURES)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(release: Release, name: str, language: Language = "en", **of: Any) -> ElementTree.Element:
    return ElementTree.fromstring(picture(name, release, language, "svg", **of))


def marks(svg: ElementTree.Element, role: str) -> list[ElementTree.Element]:
    """Marks with a tooltip, by the role that Vega gives them for screen readers."""
    return [element for element in svg.iter() if element.get("aria-roledescription") == role]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_compiles_to_vega_without_a_warning(
    release: Release, name: str, language: Language, capfd: pytest.CaptureFixture[str]
) -> None:
    vl_convert.vegalite_to_vega(specification(name, release, language), vl_version=VEGA_LITE)
    assert capfd.readouterr().err == ""


def test_the_schema_is_of_the_version_that_draws(release: Release) -> None:
    assert f"/v{VEGA_LITE}." in specification("figure_2", release, "en")["$schema"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_fetched(release: Release, name: str) -> None:
    spec = specification(name, release, "en")
    assert '"url"' not in json.dumps({key: value for key, value in spec.items() if key != "$schema"})


@pytest.mark.parametrize(
    ("name", "role", "count"),
    [
        ("figure_1", "geoshape", len(centrality_of_municipalities(STUDY))),
        ("figure_2", "point", 15),  # three groups in five classes
        ("figure_3", "point", 30),  # and two outcomes of one model
        ("figure_4", "point", 270),  # in eighteen panels of one model
    ],
)
def test_a_mark_for_each_row(release: Release, name: str, role: str, count: int) -> None:
    assert len(marks(drawn(release, name), role)) == count


def test_every_label_of_figure_2_is_there(release: Release) -> None:
    rows = shares_of(release)
    assert [row["label"] for row in rows] == [row["centrality"] for row in rows]


def shares_of(release: Release) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = specification("figure_2", release, "en")["data"]["values"]
    return values


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("figure_1", "update results.observed_rate set share = 0.042 where population_group = 'native'"),
        ("figure_2", "update results.observed_rate set share = 0.042 where outcome = 'emigration' and year is null"),
        ("figure_3", "update results.coefficient set estimate = 0.77 where term = 'centrality' and level = '1'"),
        ("figure_4", "update results.predicted_probability set probability = 0.042 where outcome = 'emigration'"),
    ],
)
def test_follows_the_release(release: Release, changed: Changed, name: str, statement: str) -> None:
    before, after = (specification(name, of, "en") for of in (release, changed(statement)))
    assert before["data"] != after["data"] or before["params"] != after["params"]
    if name != "figure_1":  # its description speaks of municipalities alone
        assert before["description"] != after["description"]


def test_a_changed_coefficient_moves_its_mark_alone(release: Release, changed: Changed) -> None:
    other = changed(
        """update results.coefficient set estimate = 0.15
        where model = 'pooled' and population_group = 'native' and outcome = 'emigration'
          and term = 'centrality' and level = '2'"""
    )
    before, after = ([m.get("transform") for m in marks(drawn(of, "figure_3"), "point")] for of in (release, other))
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_the_model_chosen_is_the_one_drawn(release: Release) -> None:
    pooled, random_effects = (
        specification("figure_3", release, "en", model)["description"] for model in ("pooled", "random_effects")
    )
    assert pooled != random_effects


def test_a_model_the_release_has_not_is_refused(release: Release) -> None:
    with pytest.raises(ValueError, match="no model 'probit'"):
        chart("figure_3", release, "en", "probit")


def test_a_withheld_share_is_said_and_not_drawn(changed: Changed) -> None:
    hidden = changed(
        """update results.observed_rate set n_events = null, share = null, ci_low = null, ci_high = null
        where population_group = 'native' and centrality = '5*' and outcome = 'emigration'"""
    )
    spec = specification("figure_2", hidden, "en")
    assert len(spec["data"]["values"]) == 14
    assert "natives, centrality 5*" in " ".join(spec["title"]["text"])
    measures = next(p["value"] for p in specification("figure_1", hidden, "en")["params"] if p["name"] == "measures")
    assert measures["emigration native"]["names"]["5*"] == "Centrality 5*: withheld"


UNFITTED = (
    "update results.fit set status = 'separation' where model = 'pooled' and population_group = 'norwegian_born'",
    "delete from results.coefficient where model = 'pooled' and population_group = 'norwegian_born'",
    "delete from results.predicted_probability where model = 'pooled' and population_group = 'norwegian_born'",
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_that_could_not_be_estimated_is_said_and_not_drawn(changed: Changed, language: Language) -> None:
    svg = drawn(changed(*UNFITTED), "figure_3", language)
    assert len(marks(svg, "point")) == 20
    said = " ".join("".join(text.itertext()) for text in svg.iter(f"{SVG}text"))
    assert {"en": "Not estimated:", "nb": "Ikke"}[language] in said
    four = specification("figure_4", changed(*UNFITTED), language)
    assert {"en": "could not be estimated", "nb": "kunne ikke estimeres"}[language] in " ".join(four["title"]["text"])


@pytest.mark.parametrize("name", NAMES)
def test_nothing_estimated_and_nothing_published_is_drawn_all_the_same(changed: Changed, name: str) -> None:
    empty = changed(
        "update results.fit set status = 'withheld'",
        "delete from results.coefficient",
        "delete from results.predicted_probability",
        "update results.observed_rate set n_events = null, share = null, ci_low = null, ci_high = null",
    )
    svg = drawn(empty, name)
    assert not marks(svg, "point")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_the_text_alternative_and_the_caption_are_in_the_language(
    release: Release, name: str, language: Language
) -> None:
    assert specification(name, release, language)["description"].endswith(".")
    start = {"en": "Figure", "nb": "Figur"}[language]
    assert caption(name, release, language).startswith(f"{start} {name[-1]}: ")


def test_the_map_names_who_made_its_outlines(release: Release) -> None:
    for language in LANGUAGES:
        assert "© Kartverket, CC BY 4.0" in " ".join(specification("figure_1", release, language)["title"]["text"])


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_pictures_of_every_format(release: Release, format: Any) -> None:
    start = {"png": b"\x89PNG", "pdf": b"%PDF"}[format]
    assert picture("figure_2", release, "nb", format).startswith(start)


def test_the_specification_is_the_one_that_the_release_was_made_under(release: Release) -> None:
    """Not study.yml as it stands now: somebody may have changed it while the release was made."""
    then = STUDY.model_dump(mode="json")
    then["models"]["confidence_level"] = 0.9
    other = Release(release.results, release.manifest | {"study": then})
    assert "95" in caption("figure_3", release, "en")
    assert "90" in caption("figure_3", other, "en")


def test_a_simulated_norway_is_said_on_every_figure(release: Release) -> None:
    real = Release(release.results, release.manifest | {"simulated_deliveries": []})
    for name in NAMES:
        assert "Simulated Norway" in json.dumps(specification(name, release, "en")["title"])
        assert "Simulated Norway" not in json.dumps(specification(name, real, "en").get("title"))


def test_the_dark_changes_the_ink(release: Release) -> None:
    light, dark = (picture("figure_2", release, "en", "svg", dark=dark) for dark in (False, True))
    assert b"#1d1d1d" in light
    assert b"#1d1d1d" not in dark
