"""Variants through the front door: their verdicts are those of a study that is the variant; nothing is left over."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from flows.build import BuildFailed
from flows.candidate import candidate_warehouse
from flows.cli import commands
from flows.pipeline import run_build, run_estimate, run_publish
from flows.state import current_manifest, due
from flows.status import status_text
from flows.variants import VariantFailed
from models_py.estimate import estimate
from models_py.study import Study, load_study
from tests.flows.conftest import VARIANTS, Refreshed
from tests.flows.test_refresh import files_of, query

VERDICTS = "select model, hypothesis_id, verdict, n_tests, n_supporting, note from"


def published_verdicts(results: Path, variant: str) -> list[tuple]:
    return query(results, f"{VERDICTS} results.sensitivity where variant = '{variant}' order by all")


def own_verdicts(warehouse: Path) -> list[tuple]:
    """By the pooled model, which judges these variants."""
    return query(warehouse, f"{VERDICTS} estimation.hypothesis_verdict where model = 'pooled' order by all")


@pytest.fixture
def study_as(study_file: Path, tmp_path: Path):
    """The study with changes made by hand in its file, and no variants."""

    def changed(change) -> Study:
        specification = yaml.safe_load(study_file.read_text(encoding="utf-8")) | {"variants": []}
        change(specification)
        path = tmp_path / "study.yml"
        path.write_text(yaml.safe_dump(specification, allow_unicode=True), encoding="utf-8")
        return load_study(path)

    return changed


@pytest.mark.usefixtures("pooled_alone")
def test_another_panel_gives_the_verdicts_of_that_study(refreshed: Refreshed, own_copy: Refreshed, study_as) -> None:
    """The other home is built whole: with all models, all data tests and the gate."""
    other = study_as(lambda specification: specification["panel"].update(outcome_rule="first_event"))
    run_build(own_copy.home, other)
    outcomes = "select outcome, count(*) from marts.person_year group by all order by all"
    assert query(own_copy.home.warehouse, outcomes) != query(refreshed.home.warehouse, outcomes)
    run_estimate(own_copy.home, other)
    assert published_verdicts(refreshed.home.results, "first_event") == own_verdicts(own_copy.home.warehouse)


@pytest.mark.usefixtures("pooled_alone")
def test_other_terms_give_the_verdicts_of_that_study(refreshed: Refreshed, own_copy: Refreshed, study_as) -> None:
    def leave_out(specification: dict) -> None:
        terms = specification["models"]["terms"]
        specification["models"]["terms"] = [term for term in terms if term["name"] != "labour_market_status"]

    estimate(own_copy.home.warehouse, study_as(leave_out))
    published = published_verdicts(refreshed.home.results, "without_labour_market_status")
    assert published == own_verdicts(own_copy.home.warehouse)
    # Two family situations, each once whatever the labour market status; contrasts between groups in two places.
    assert {n_tests for _, _, _, n_tests, _, _ in published} == {2, 4}


def test_every_verdict_stands_beside_the_studys_own(refreshed: Refreshed) -> None:
    beside = query(
        refreshed.home.results,
        """
        select variant, count(*), bool_and(base_verdict = own.verdict), bool_or(contains(other.note, 'events'))
        from results.sensitivity as other
        inner join results.hypothesis_verdict as own using (model, hypothesis_id)
        inner join results.variant using (variant)
        where statement_en <> '' and statement_nb <> ''
        group by variant order by variant
        """,
    )
    hypotheses = query(refreshed.home.results, "select count(*) from results.hypothesis")[0][0]
    assert beside == [(variant, hypotheses, True, False) for variant in sorted(VARIANTS)]
    assert current_manifest(refreshed.home)["variants"] == sorted(VARIANTS)


@pytest.mark.usefixtures("pooled_alone", "quick_rendering")
def test_an_estimation_without_variants_leaves_none_and_a_refresh_is_due(own_copy: Refreshed, study: Study) -> None:
    home = own_copy.home
    run_estimate(home, study)
    assert query(home.warehouse, "select count(*) from estimation.sensitivity") == [(0,)]
    assert due(home, study).steps == ["estimate", "publish"]
    run_publish(home, study)
    assert query(home.results, "select count(*) from results.sensitivity") == [(0,)]
    assert query(home.results, "select count(*) from results.variant") == [(len(VARIANTS),)]
    assert "due         estimate, publish" in status_text(home, study)


@pytest.mark.usefixtures("pooled_alone")
def test_a_variant_that_cannot_be_built_is_named_and_leaves_nothing(
    own_copy: Refreshed, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[Path] = []

    def fail(database: Path, *_: object) -> None:
        copies.append(database)
        assert database.exists()
        raise BuildFailed("dbt build failed")

    monkeypatch.setattr("flows.variants.rebuild_estimation_input", fail)
    before = files_of(own_copy.home)
    with pytest.raises(VariantFailed, match=r"variant first_event of study\.yml: dbt build failed"):
        run_estimate(own_copy.home, study, variants=True)
    assert len(copies) == 1
    assert not list(own_copy.home.work.glob("candidate*"))
    assert files_of(own_copy.home) == before


def test_a_copy_that_a_kill_left_goes_with_the_next_candidate(own_copy: Refreshed) -> None:
    left_over = own_copy.home.work / "candidate-variant.duckdb"
    left_over.touch()
    with candidate_warehouse(own_copy.home):
        assert not left_over.exists()


@pytest.mark.parametrize("words", [[], ["--variants"]])
def test_the_command_estimates_variants_when_asked(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("flows.pipeline.run_estimate", lambda _home, _study, variants: asked.append(variants))
    done = CliRunner().invoke(commands, ["estimate", "--home", str(tmp_path), *words])
    assert done.exit_code == 0
    assert asked == [bool(words)]
