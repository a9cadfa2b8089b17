"""The brief of a release as readers get it: pages, metadata, numbers, notices, and a page that needs no network."""

import io
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

from report.brief import write_briefs
from report.brief.page import page
from report.brief.typesetting import typeset
from report.language import LANGUAGES, Language
from report.release import Release
from tests.report.brief_release import MANIFEST, STUDY, brief_of, build, changed, pdf_text, says, text_of

Database = Path


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    path = tmp_path_factory.mktemp("brief") / "release.duckdb"
    build(path)
    return path


@pytest.fixture(scope="module")
def written(database: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The briefs with their pictures, by file name."""
    paths = write_briefs(Release(database, MANIFEST), tmp_path_factory.mktemp("written"))
    return {path.name: path for path in paths}


def test_four_files_are_written(written: dict[str, Path]) -> None:
    assert sorted(written) == ["brief_en.html", "brief_en.pdf", "brief_nb.html", "brief_nb.pdf"]
    assert all(path.exists() for path in written.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_print_is_four_pages_of_a4_with_title_language_and_date(written: dict[str, Path], language: Language) -> None:
    reader = PdfReader(written[f"brief_{language}.pdf"])
    assert len(reader.pages) == 4
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    assert reader.metadata is not None
    assert says(pdf_text(written[f"brief_{language}.pdf"].read_bytes()), str(reader.metadata.title))
    assert reader.metadata["/CreationDate"].startswith("D:20260101")
    assert reader.trailer["/Root"]["/Lang"].startswith(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_print_embeds_every_font_and_describes_every_figure(written: dict[str, Path], language: Language) -> None:
    reader = PdfReader(written[f"brief_{language}.pdf"])
    fonts = {
        str(font["/BaseFont"])
        for each in reader.pages
        for font in (reference.get_object() for reference in each["/Resources"]["/Font"].values())
    }
    assert fonts
    assert all(re.match(r"/[A-Z]{6}\+(Libertinus|DejaVuSansMono|NewCM)", name) for name in fonts)
    figures = [each for each in structure(reader.trailer["/Root"]["/StructTreeRoot"]) if each.get("/S") == "/Figure"]
    assert len(figures) == 4
    assert all(len(str(figure["/Alt"])) > 80 for figure in figures)


def structure(element: object) -> list[dict[str, object]]:
    """An element of a PDF's structure and all below it."""
    found = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(found, list):
        return [below for each in found for below in structure(each)]
    if not isinstance(found, dict):
        return []
    return [found, *structure(found.get("/K", []))]


def test_same_release_same_bytes(database: Database) -> None:
    brief = brief_of(Release(database, MANIFEST), "nb")
    assert typeset(brief) == typeset(brief)


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_is_self_contained(written: dict[str, Path], language: Language) -> None:
    html = written[f"brief_{language}.html"].read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in html
    assert re.findall(r"""(?:src|href|srcset|data)\s*=\s*["'](?:https?:)?//(?!doi\.org/)""", html) == []
    assert "@import" not in html
    assert [
        address for address in re.findall(r"url\(([^)]*)\)", html) if not address.strip("'\"").startswith("#")
    ] == []
    assert html.count("<svg") == 4
    assert re.findall(r"<h(\d)", html)[0] == "1"
    assert html.count("<h1") == 1
    identifiers = re.findall(r'\bid="([^"]+)"', html)
    assert len(identifiers) == len(set(identifiers))
    text = re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)
    assert "{" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_print_have_the_same_text(database: Database, language: Language) -> None:
    brief = brief_of(Release(database, MANIFEST), language)
    html, printed = re.sub(r"<[^>]+>", "", page(brief)), pdf_text(typeset(brief))
    sections = (brief.framework, brief.observed, brief.profiles, brief.conclusion, brief.method)
    paragraphs = [told for section in sections for told in (section.heading, *section.paragraphs)]
    for told in [brief.title, brief.lead, *brief.introduction, *paragraphs, *brief.fitted, *brief.notes]:
        assert says(html, told)
        assert says(printed, told)


ORDINARY = {
    "nb": (
        "2,8 % blant innvandrere, 1,1 % blant norskfødte og 0,25 % blant innfødte",
        "fra 3,2 % til 8,2 % for innvandrere og fra 4,9 % til 13,7 % for norskfødte",
        "Oddsforholdet mellom sentralitet 1 og 5* er 3,32",
        "Unntakene, seks i tallet, finnes blant innvandrere utenfor arbeidsstyrken i sentralitet 1.",
        "ni får støtte og én får delvis støtte (H1b)",
        "aleneboende 3 av 3 og gifte med barn 0 av 3",
        "1 500 000 personår",
        "Dette er et simulert Norge.",
    ),
    "en": (
        "2.8% among immigrants, 1.1% among the Norwegian-born and 0.25% among natives",
        "from 3.2% to 8.2% for immigrants and from 4.9% to 13.7% for the Norwegian-born",
        "the odds ratio of centrality 1 to 5* is 3.32",
        "The exceptions, six in number, are found among immigrants outside the labour force in centrality 1.",
        "nine are supported and one is partly supported (H1b)",
        "those living alone 3 of 3 and the married with children 0 of 3",
        "1 500 000 person-years",
        "This Norway is simulated.",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_ordinary_release_is_told_as_its_results_have_it(database: Database, language: Language) -> None:
    told = text_of(Release(database, MANIFEST), language)
    assert [phrase for phrase in ORDINARY[language] if not says(told, phrase)] == []


# What is changed in the database, and what the brief then no longer says and says instead.
CHANGES = {
    "coefficient": (
        "update results.coefficient set estimate = 1.5, ci_low = 1.4, ci_high = 1.6 "
        "where population_group = 'native' and outcome = 'emigration' and level = '1'",
        "1 to 5* is 3.32",
        "1 to 5* is 4.48",
    ),
    "gradient gone": (
        "update results.coefficient set ci_low = -9, ci_high = 9 where population_group = 'native' and level <> '5*'",
        "The more centrally natives live, the more likely is emigration",
        "natives the model finds no significant association between centrality and emigration",
    ),
    "verdict": (
        "update results.hypothesis_verdict set verdict = 'not_supported' where hypothesis_id = 'H3'",
        "nine are supported and one is partly supported (H1b)",
        "eight are supported, one is partly supported (H1b) and one is not supported (H3)",
    ),
    "rate": (
        "update results.observed_rate set n_events = 9000, share = 0.09 "
        "where population_group = 'immigrant' and outcome = 'internal_move' and centrality = '5*'",
        "from 3.2% to 8.2% for immigrants",
        "from 3.2% to 9.0% for immigrants",
    ),
    "leader": (
        "update results.observed_rate set n_events = 50000 "
        "where population_group = 'native' and outcome = 'emigration'",
        "Immigrants leave the country most often",
        "Natives leave the country most often",
    ),
    "no exception": (
        "update results.predicted_probability set probability = 0.001 where outcome = 'emigration'",
        "The exceptions, six in number",
        "In all 270 combinations an internal move is likelier than emigration.",
    ),
    "other model": (
        "update results.hypothesis_verdict set verdict = 'supported' "
        "where hypothesis_id = 'H1b' and model = 'random_effects'",
        "The model with random effects gives the same verdicts.",
        "In the model with random effects these verdicts are different: H1b (supported).",
    ),
    "no other model": (
        "delete from results.hypothesis_verdict where model = 'random_effects'",
        "The model with random effects gives the same verdicts.",
        "Verdicts from the model with random effects are not part of this release.",
    ),
    "variant": (
        "update results.sensitivity set agrees = false where hypothesis_id in ('H3', 'H4')",
        "All verdicts stay the same",
        "some verdicts change: H3 and H4 (“The first event decides”)",
    ),
    "variant that cannot be compared": (
        "update results.sensitivity set agrees = null where hypothesis_id in ('H3', 'H4')",
        "All verdicts stay the same",
        "All verdicts that can be compared stay the same",
    ),
    "no variant that can be compared": (
        "update results.sensitivity set agrees = null",
        "All verdicts stay the same",
        "no verdict under them can be compared with the study’s own.",
    ),
    "few events": (
        "update results.observed_rate set n_events = 20 "
        "where population_group = 'native' and outcome = 'emigration' and centrality = '5*'",
        "no such note",
        "Rests on few observations: about 20 emigrations among natives in centrality 5*.",
    ),
    "other way": (
        "update results.hypothesis_test set supports = false where hypothesis_id = 'H4' and profile like 'alone%'",
        "no such note",
        "Significantly the other way in 3 of 6 tests.",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_in_the_results_changes_in_the_brief(database: Database, tmp_path: Path, change: str) -> None:
    statement, before, after = CHANGES[change]
    ordinary, told = text_of(Release(database, MANIFEST), "en"), text_of(changed(database, tmp_path, statement), "en")
    assert before == "no such note" or says(ordinary, before)
    assert not says(ordinary, after)
    assert says(told, after)
    assert not says(told, before)


def test_withheld_shares_are_said_and_no_one_leads(database: Database, tmp_path: Path) -> None:
    release = changed(
        database,
        tmp_path,
        "update results.observed_rate set share = null, ci_low = null, ci_high = null, n_events = null "
        "where population_group = 'norwegian_born' and outcome = 'emigration' and centrality in ('4', '5*')",
        "update results.run set n_person_years = null",
        "update results.fit set n_emigration = null where population_group = 'native'",
    )
    told = text_of(release, "en")
    assert says(told, "No overall share that emigrates is shown for the Norwegian-born: their counts at some level of")
    assert says(told, "Withheld to protect privacy in Figure 2: the Norwegian-born in centrality 4 and 5*.")
    assert says(told, "(person-years withheld)")
    assert says(told, "23 455 withheld")
    assert not says(told, "leave the country most often")
    assert says(told, "Norwegian-born to two immigrant parents move most within Norway")


@pytest.mark.parametrize("language", LANGUAGES)
def test_models_that_could_not_be_estimated_are_said(database: Database, tmp_path: Path, language: Language) -> None:
    group = "population_group = 'norwegian_born' and model = 'pooled'"
    behind = "hypothesis_id in ('H2a', 'H2b', 'H2c', 'H5', 'H6b') and model = 'pooled'"
    release = changed(
        database,
        tmp_path,
        f"update results.fit set status = 'separation' where {group}",
        f"delete from results.coefficient where {group}",
        f"delete from results.predicted_probability where {group}",
        f"delete from results.hypothesis_test where {behind}",
        f"update results.hypothesis_verdict set verdict = 'inconclusive', n_tests = 0, n_supporting = 0 where {behind}",
    )
    told = text_of(release, language)
    expected = {
        "nb": ("fire får støtte, én får delvis støtte (H1b) og fem kunne ikke prøves (H2a, H2b, H2c, H5 og H6b)",
               "For norskfødte finnes det ingen estimater (separasjon",
               "For norskfødte vises ingen sannsynligheter",
               "Det finnes ingen modell for norskfødte (separasjon"),
        "en": ("four are supported, one is partly supported (H1b) and five could not be tested (H2a, H2b, H2c, H5 and "
               "H6b)",
               "For the Norwegian-born there are no estimates (separation",
               "No probabilities are shown for the Norwegian-born",
               "There is no model for the Norwegian-born (separation"),
    }  # fmt: skip
    assert [phrase for phrase in expected[language] if not says(told, phrase)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_few_hypotheses_could_be_tested_nothing_is_concluded(
    database: Database, tmp_path: Path, language: Language
) -> None:
    behind = "hypothesis_id not in ('H1a', 'H1b', 'H3', 'H4') and model = 'pooled'"
    release = changed(
        database,
        tmp_path,
        f"delete from results.hypothesis_test where {behind}",
        f"update results.hypothesis_verdict set verdict = 'inconclusive', n_tests = 0, n_supporting = 0 where {behind}",
    )
    told = text_of(release, language)
    assert says(told, {"nb": "kan ikke avgjøres på grunnlag av denne", "en": "cannot be judged from this"}[language])
    assert not says(told, {"nb": "blandet støtte", "en": "mixed support"}[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_estimated_still_makes_a_brief(database: Database, tmp_path: Path, language: Language) -> None:
    release = changed(
        database,
        tmp_path,
        "update results.fit set status = 'withheld', n_persons = null, n_person_years = null, n_internal_move = null, "
        "n_emigration = null",
        *(f"delete from results.{table}" for table in ("coefficient", "predicted_probability", "hypothesis_test")),
        "update results.hypothesis_verdict set verdict = 'inconclusive', n_tests = 0, n_supporting = 0",
        "update results.observed_rate set share = null, ci_low = null, ci_high = null, n_events = null, "
        "n_person_years = null",
        "delete from results.sensitivity",
    )
    told = text_of(release, language)
    expected = {
        "nb": ("Ingen av studiens hypoteser kunne prøves", "så figur 3 er tom", STUDY.title.nb),
        "en": ("None of the study’s hypotheses could be tested", "so Figure 3 is empty", STUDY.title.en),
    }
    assert [phrase for phrase in expected[language] if not says(told, phrase)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_simulated_norway_is_said_on_every_page_and_a_real_one_is_not(
    database: Database, tmp_path: Path, language: Language
) -> None:
    short = {"nb": "Simulert Norge", "en": "Simulated Norway"}[language].upper()
    simulated = PdfReader(io.BytesIO(typeset(brief_of(Release(database, MANIFEST), language))))
    assert [says(each.extract_text(), short) for each in simulated.pages] == [True] * 4
    real = text_of(changed(database, tmp_path, simulated_deliveries=[]), language)
    assert not re.search("simul", real, re.IGNORECASE)


def test_deliveries_that_are_simulated_in_part_are_named(database: Database, tmp_path: Path) -> None:
    inputs = [{"delivery": "real_2020", "file": "faste_oppl.csv"}, {"delivery": "made_2021", "file": "bu_utd.csv"}]
    told = text_of(changed(database, tmp_path, inputs=inputs, simulated_deliveries=["made_2021"]), "en")
    assert says(told, "This Norway is partly simulated: made_2021")
    assert says(told, "2 files in made_2021 and real_2020, of which made_2021 simulated")


@pytest.mark.parametrize("language", LANGUAGES)
def test_box_names_release_code_and_specification(database: Database, language: Language) -> None:
    told = text_of(Release(database, MANIFEST), language)
    assert [
        fact for fact in ("run-7", "0.1.0+abc", "ab" * 32, "cd" * 32, "delivery_2021") if not says(told, fact)
    ] == []
