"""Tables say what the release says, in both languages, and come out whole in every format."""

import re
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest

from flows.home import STUDY_FILE
from models_py.framework import Framework
from models_py.study import Study, StudyError, load_study
from report.language import LANGUAGES, Language
from report.release import Release
from report.tables import (
    coefficient_grid,
    coefficient_table,
    framework_grid,
    framework_table,
    grids,
    hypothesis_grid,
    hypothesis_table,
    to_excel,
    to_html,
    to_latex,
    write_tables,
)
from report.tables.formats import latex
from report.tables.grid import Cell, Grid, GridRow, Spanner
from report.tables.hypotheses import VerdictRow, contrast_in_words, profile_in_words
from tests.report.conftest import Changed

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def verdict(release: Release, hypothesis: str, language: Language = "en", model: str = "pooled") -> VerdictRow:
    rows = {row.hypothesis_id: row for row in hypothesis_table(release, language).rows}
    return next(found for found in rows[hypothesis].verdicts if found.model == model)


# Table 1


def test_the_framework_is_what_the_study_declares(study: Study) -> None:
    table = framework_table(study, "nb")
    assert [row.factor for row in table.rows] == [factor.name.nb for factor in study.framework.factors]
    native_rural = table.columns.index(("native", "rural"))
    expected = [factor.importance["native"].rural for factor in study.framework.factors]
    assert [row.importance[native_rural] for row in table.rows] == expected


def test_a_framework_that_leaves_a_group_out_is_refused(tmp_path: Path) -> None:
    text = STUDY_FILE.read_text(encoding="utf-8")
    path = tmp_path / "study.yml"
    path.write_text(text.replace("        native: {urban: 0, rural: 0}\n", "", 1), encoding="utf-8")
    with pytest.raises(StudyError, match="each factor must speak of the same groups"):
        load_study(path)


@pytest.mark.parametrize("fault", ["urban: 4", "town: 1"])
def test_a_shade_or_key_that_is_none_is_refused(fault: str) -> None:
    kind, value = fault.split(": ")
    importance = {"native": {"urban": 1, "rural": 1} | {kind: int(value)}}
    factor = {"name": {"en": "a", "nb": "a"}, "outcomes": ["emigration"], "importance": importance}
    with pytest.raises(ValueError, match=kind):
        Framework.model_validate({"factors": [factor]})


def test_shades_have_words_too(study: Study) -> None:
    html = to_html(framework_grid(framework_table(study, "en")))
    assert 'class="shade-3"' in html
    assert "great" in html


# Table 2


def test_verdicts_and_counts(release: Release) -> None:
    found = verdict(release, "H1b")
    assert (found.verdict_label, found.n_supporting, found.n_tests, len(found.tests)) == ("Partly", 5, 6, 6)
    assert verdict(release, "H1a", "nb").verdict_label == "Ja"


def test_a_changed_verdict_and_test_is_shown(changed: Changed) -> None:
    other = changed(
        "update results.hypothesis_verdict set verdict = 'not_supported', n_supporting = 0 where hypothesis_id = 'H3'",
        "update results.hypothesis_test set supports = false, estimate = -0.5 where hypothesis_id = 'H3'",
    )
    found = verdict(other, "H3")
    assert found.verdict_label == "No"
    assert {test.estimate for test in found.tests} == {-0.5}
    assert "0 of 6 tests are significant in the expected direction" in found.note
    assert "6 of 6 are significant in the opposite direction" in found.note


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "5 of 6 tests find no significant difference at 5%, unadjusted."),
        ("nb", "5 av 6 tester finner ingen signifikant forskjell på 5\u00a0%-nivå, ujustert."),
        ("en", "5 of 6 show that any difference lies within ±0.005 as a yearly probability"),
        ("nb", "5 av 6 viser at en eventuell forskjell ligger innenfor ±0,005 i årlig sannsynlighet"),
        ("en", "In 1 of 6 neither a difference nor equivalence is shown"),
        ("nb", "I 1 av 6 er verken forskjell eller ekvivalens vist"),
        ("en", "living alone 3 of 3; married, with children 2 of 3"),
        ("nb", "aleneboende 3 av 3; gift, med barn 2 av 3"),
        ("en", "The smallest cell behind it (immigrants, centrality 5*) has about 280 events (emigration)."),
        ("nb", "Den minste cellen bak (innvandrere, sentralitet 5*) har omtrent 280 hendelser (utvandring)."),
    ],
)
def test_a_note_says_it_in_the_language(release: Release, language: Language, sentence: str) -> None:
    assert sentence in verdict(release, "H1b", language).note


def test_a_significant_difference_within_the_margin_is_said(release: Release) -> None:
    assert "In 1 of 6 the difference is significant, yet within the margin." in verdict(release, "H1b").note


def test_tests_that_say_nothing_are_counted(changed: Changed) -> None:
    other = changed(
        """update results.hypothesis_test set supports = false, p_adjusted = 0.6
        where hypothesis_id = 'H3' and profile like 'alone%'"""
    )
    assert "3 of 6 give no evidence of a difference either way." in verdict(other, "H3").note
    assert "opposite" not in verdict(other, "H3").note


def test_few_and_withheld_events_are_said(changed: Changed) -> None:
    where = "where population_group = 'native' and centrality = '5*' and outcome = 'emigration'"
    few = changed(f"update results.observed_rate set n_events = 10 {where}")
    assert "Few events: the smallest cell behind it (natives, centrality 5*) has about 10" in verdict(few, "H3").note
    hidden = changed(f"update results.observed_rate set n_events = null {where}")
    assert "withheld for natives, centrality 5*" in verdict(hidden, "H3").note


def test_an_inconclusive_verdict_says_which_model_failed(changed: Changed) -> None:
    other = changed(
        "update results.fit set status = 'not_converged' where model = 'pooled' and population_group = 'native'",
        """update results.hypothesis_verdict set verdict = 'inconclusive', n_tests = 0, n_supporting = 0
        where model = 'pooled' and hypothesis_id = 'H3'""",
        "delete from results.hypothesis_test where model = 'pooled' and hypothesis_id = 'H3'",
    )
    found = verdict(other, "H3", "nb")
    assert found.verdict_label == "Kunne ikke estimeres"
    assert found.note == "Ikke testet: modellen for innfødte (estimeringen konvergerte ikke) kunne ikke estimeres."
    assert found.tests == ()
    assert verdict(other, "H3", "nb", "random_effects").verdict_label == "Ja"
    assert "H3" in to_html(hypothesis_grid(hypothesis_table(other, "nb")))


def test_an_inconclusive_verdict_with_fitted_models_gives_the_reason(changed: Changed) -> None:
    other = changed(
        """update results.hypothesis_verdict set verdict = 'inconclusive', n_tests = 0, n_supporting = 0,
        note = 'Not tested: native: nobody is unemployed.' where model = 'pooled' and hypothesis_id = 'H3'""",
        "delete from results.hypothesis_test where model = 'pooled' and hypothesis_id = 'H3'",
    )
    assert verdict(other, "H3").note == "Not tested. Native: nobody is unemployed."


def test_contrasts_and_profiles_in_words() -> None:
    assert contrast_in_words("log ratio immigrant / native", "nb") == "log forholdstall, innvandrere mot innfødte"
    gap = "gap norwegian_born - gap native, gap = centrality 5* - 1"
    assert contrast_in_words(gap, "en").startswith("gap of Norwegian-born to two immigrant parents less gap of natives")
    assert profile_in_words("alone, employed, centrality 5*", "nb") == "aleneboende, sysselsatt, sentralitet 5*"
    assert profile_in_words("alone, employed, age 45", "nb") == "aleneboende, sysselsatt, 45 år"
    with pytest.raises(ValueError, match="no words for the contrast"):
        contrast_in_words("odds", "en")


# Coefficient tables


def test_an_estimate_stands_over_its_standard_error(release: Release) -> None:
    grid = coefficient_grid(coefficient_table(release, "native", "nb"))
    at = next(i for i, row in enumerate(grid.rows) if row.cells[0].text == "1")
    assert grid.rows[at].cells[1] == Cell("0,115**", 0.115, '0.000"**"')
    assert grid.rows[at + 1].cells[1].text == "(0,050)"
    assert grid.rows[at - 1].cells[0].text == "5* (referanse)"


def test_a_changed_coefficient_is_shown(changed: Changed) -> None:
    other = changed(
        """update results.coefficient set estimate = -0.7771 where model = 'pooled' and population_group = 'native'
        and outcome = 'internal_move' and term = 'sex' and level = 'female'"""
    )
    grid = coefficient_grid(coefficient_table(other, None, "en"))
    assert [cell.text for row in grid.rows for cell in row.cells if "0.777" in cell.text] == ["\u22120.777**"]


def test_all_groups_stand_side_by_side(release: Release) -> None:
    table = coefficient_table(release, None, "en")
    assert len(table.columns) == 6
    assert len({len(row.cells) for row in coefficient_grid(table).rows}) == 1


def test_random_effects_have_their_components(release: Release) -> None:
    table = coefficient_table(release, None, "en", "random_effects")
    assert [row.name for row in table.components] == ["sd_emigration", "sd_internal_move", "correlation"]
    assert not coefficient_table(release, None, "en", "pooled").components


def test_a_correlation_that_is_none_is_a_dash(changed: Changed) -> None:
    other = changed(
        """update results.variance_component set estimate = null, std_error = null, ci_low = null, ci_high = null
        where population_group = 'native' and name = 'correlation'"""
    )
    grid = coefficient_grid(coefficient_table(other, "native", "en", "random_effects"))
    assert next(row for row in grid.rows if row.cells[0].text == "Correlation").cells[1].text == "–"


def test_a_group_that_was_not_estimated_has_dashes_and_a_note(changed: Changed) -> None:
    where = "where model = 'pooled' and population_group = 'native'"
    other = changed(
        f"delete from results.coefficient {where}",
        f"update results.fit set status = 'separation', n_persons = null, log_likelihood = null {where}",
    )
    grid = coefficient_grid(coefficient_table(other, None, "en"))
    assert {row.cells[5].text for row in grid.rows if row.kind in ("body", "term")} == {"–"}
    assert any(note.startswith("Natives: not estimated (separation") for note in grid.notes)
    foot = {row.cells[0].text: row.cells[5].text for row in grid.rows if row.kind == "foot"}
    assert (foot["Persons"], foot["Log-likelihood"]) == ("withheld", "–")


# Formats


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_is_well_formed_and_whole(release: Release, study: Study, language: Language) -> None:
    for grid in grids(release, study, language).values():
        table = ElementTree.fromstring(to_html(grid))
        widths = {sum(int(cell.get("colspan", 1)) for cell in row) for row in table.iter("tr")}
        assert widths == {len(grid.heads)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_latex_is_balanced_and_escaped(release: Release, study: Study, language: Language) -> None:
    for grid in grids(release, study, language).values():
        source = to_latex(grid)
        plain = re.sub(r"\\[\\{}&%$#_ ]", "", source.replace("\\\\", ""))
        assert plain.count("{") == plain.count("}")
        assert re.findall(r"\\begin{(\w+)}", source) == re.findall(r"\\end{(\w+)}", source)[::-1]
        assert not re.search(r"[%#_^]", plain.replace("[HTML]", ""))
        for line in source.splitlines():
            if line.endswith(r" \\") and "multicolumn" not in line:
                assert len(re.findall(r"(?<!\\)&", line)) == len(grid.heads) - 1


def test_every_special_character_is_escaped() -> None:
    assert latex(r"50 % & a_b #1 $x$ {y} ~ ^ \ <") == (
        r"50 \% \& a\_b \#1 \$x\$ \{y\} \textasciitilde{} \textasciicircum{} \textbackslash{} \textless{}"
    )


def test_html_is_escaped() -> None:
    grid = Grid("a", "<b> & c", (Spanner("<i>", 1),), ("<",), (GridRow((Cell("<script>"),)),), ("<n>",))
    assert "<script>" not in to_html(grid)
    assert "&lt;b&gt; &amp; c" in to_html(grid)


def cells(workbook: Path, sheet: int) -> dict[str, str | float]:
    """Cells of a sheet by their address, read without any help."""
    with zipfile.ZipFile(workbook) as parts:
        strings = ["".join(item.itertext()) for item in ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))]
        content = ElementTree.fromstring(parts.read(f"xl/worksheets/sheet{sheet}.xml"))
    found: dict[str, str | float] = {}
    for cell in content.iter(f"{SHEET}c"):
        value = cell.findtext(f"{SHEET}v")
        if value is not None:
            found[cell.attrib["r"]] = strings[int(value)] if cell.get("t") == "s" else float(value)
    return found


def test_a_workbook_has_every_table_and_numbers_are_numbers(release: Release, study: Study, tmp_path: Path) -> None:
    found = grids(release, study, "en")
    to_excel(list(found.values()), tmp_path / "tables.xlsx")
    with zipfile.ZipFile(tmp_path / "tables.xlsx") as parts:
        names = re.findall(r'<sheet name="([^"]+)"', parts.read("xl/workbook.xml").decode())
    assert names == [grid.name for grid in found.values()]
    pooled = cells(tmp_path / "tables.xlsx", 4)
    assert pooled["A1"] == found["coefficients_pooled"].title
    assert pooled["B5"] == pytest.approx(0.103)  # the intercept of the first group's emigration


def test_all_tables_of_a_release_are_written(release: Release, study: Study, tmp_path: Path) -> None:
    written = write_tables(release, study, tmp_path / "tables")
    assert {path.name for path in written} == {path.name for path in (tmp_path / "tables").iterdir()}
    assert {"tables_nb.xlsx", "tables_en.xlsx", "table_2_nb.tex", "coefficients_random_effects_en.tex"} <= {
        path.name for path in written
    }
