"""`flyttepanel diff`: what it compares, how it finds the cause of a flip, and that it leaves nothing behind."""

import fcntl
import json
import shutil
from contextlib import nullcontext
from dataclasses import replace

import pytest

from flows.build import BuildFailed
from flows.diff import NoSuchRelease, as_json, as_text, compare, explanation, two_releases
from flows.diff.basis import compare_basis, flat
from flows.diff.explanation import causes_of, experiments_needed
from flows.diff.held_back import CannotHoldBack, study_of, verdicts_under
from flows.diff.published import VerdictChange
from flows.diff.text import specification_lines
from flows.home import Home
from flows.pipeline import run_refresh
from flows.state import current_manifest
from flows.versions import new_run_id
from models_py.study import Study, study_hash
from tests.flows.conftest import LAST_YEAR, NEXT_DELIVERY, VARIANTS, Refreshed
from tests.flows.test_refresh import files_of, query

FLIP = VerdictChange("pooled", "H1a", "supported", "not_supported", "12 of 12", "0 of 12")
OLD, NEW, THIRD = "supported", "not_supported", "partly_supported"
DATA, SPECIFICATION, BOTH = ("data",), ("specification",), ("data", "specification")


def test_flat_names_entries_by_their_name() -> None:
    study = {"age": {"last": 64}, "hypotheses": [{"id": "H1a", "margin": None}], "levels": ["a", "b"], "variants": []}
    assert flat(study) == {
        "age.last": 64,
        "hypotheses[H1a].id": "H1a",
        "hypotheses[H1a].margin": None,
        "levels": ["a", "b"],
        "variants": [],
    }


@pytest.mark.parametrize(
    ("possible", "verdicts", "causes"),
    [
        (("data", "specification"), {DATA: OLD, SPECIFICATION: NEW}, ("data",)),
        (("data", "specification"), {DATA: NEW, SPECIFICATION: OLD}, ("specification",)),
        (("data", "specification"), {DATA: OLD, SPECIFICATION: THIRD}, ("data", "specification")),
        (("data", "specification"), {DATA: NEW, SPECIFICATION: NEW}, ("data", "specification")),
        (("data", "code"), {DATA: NEW}, ("code",)),
        (("data", "code"), {DATA: OLD}, ("data",)),
        (("data", "code"), {DATA: THIRD}, ("data", "code")),
        (("data", "specification", "code"), {DATA: NEW, SPECIFICATION: NEW, BOTH: NEW}, ("code",)),
        (("data", "specification", "code"), {DATA: OLD, SPECIFICATION: NEW, BOTH: OLD}, ("data",)),
        (("data", "specification", "code"), {DATA: OLD, SPECIFICATION: NEW, BOTH: THIRD}, ("data", "code")),
        # The code of now, neither release's, comes to a verdict of its own.
        (("data", "specification"), {DATA: OLD, SPECIFICATION: NEW, (): THIRD}, ()),
    ],
)
def test_what_is_needed_for_a_flip_is_its_cause(possible: tuple, verdicts: dict, causes: tuple) -> None:
    assert causes_of(FLIP, possible, verdicts)[0] == causes


def test_only_what_can_tell_is_tried() -> None:
    assert experiments_needed(("data", "specification"), code_is_seconds=True) == [DATA, SPECIFICATION]
    assert experiments_needed(("data", "code"), code_is_seconds=True) == [DATA]
    assert experiments_needed(BOTH, code_is_seconds=False) == [DATA, SPECIFICATION, ()]
    assert experiments_needed((*BOTH, "code"), code_is_seconds=True) == [DATA, SPECIFICATION, BOTH]


def test_there_must_be_two_releases(refreshed: Refreshed) -> None:
    with pytest.raises(NoSuchRelease, match="nothing to compare"):
        two_releases(refreshed.home, None, None)
    with pytest.raises(NoSuchRelease, match="kept are: 2"):
        two_releases(refreshed.home, "unheard_of", None)


def test_a_release_that_was_never_published_is_none(own_copy: Refreshed) -> None:
    """Killed between naming a release and switching to it."""
    home = own_copy.home
    shutil.copytree(home.current.resolve(), home.releases / "20200101T000000Z-aaaaaa")
    with pytest.raises(NoSuchRelease, match="nothing to compare"):
        two_releases(home, None, None)


def test_a_release_carries_its_specification(refreshed: Refreshed, study: Study) -> None:
    manifest = current_manifest(refreshed.home)
    assert manifest["study_hash"] == study_hash(study)
    assert study_of(manifest) == study


def test_a_release_against_itself_has_no_difference(refreshed: Refreshed) -> None:
    run_id = current_manifest(refreshed.home)["run_id"]
    difference = compare(refreshed.home, *two_releases(refreshed.home, run_id, run_id), why=True)
    assert difference.basis.differs == ()
    assert difference.published.n_coefficients > 100
    assert difference.published.n_coefficients_changed == 0
    assert as_text(difference).count("unchanged") == 7


@pytest.mark.usefixtures("pooled_alone", "quick_rendering")
def test_new_data_and_a_new_specification_are_told_apart(own_copy: Refreshed, study: Study) -> None:
    """No test is significant at a level of 1e-12: every hypothesis of a direction flips, whatever the data."""
    home, first = own_copy.home, current_manifest(own_copy.home)
    verdicts_before = query(
        home.results, "select hypothesis_id, verdict from results.hypothesis_verdict where model = 'pooled'"
    )
    strict = study.model_copy(update={"variants": (), "tests": study.tests.model_copy(update={"level": 1e-12})})
    shutil.copytree(own_copy.next_delivery, home.landing / NEXT_DELIVERY)
    run_refresh(home, strict, new_run_id())
    untouched = files_of(home)
    difference = compare(home, *two_releases(home, None, None), why=True)

    basis = difference.basis
    assert basis.differs == ("data", "specification")
    assert {one.delivery for one in basis.inputs} == {NEXT_DELIVERY}
    changed = {one.what: (one.before, one.after) for one in basis.specification}
    assert changed.pop("tests.level") == (0.05, 1e-12)
    assert {key.partition(".")[0] for key in changed} == {"variants", *(f"variants[{name}]" for name in VARIANTS)}
    assert [(year.what, year.after) for year in difference.published.years] == [(str(LAST_YEAR), True)]

    flips = {one.hypothesis_id for one in difference.published.verdicts if one.flipped and one.model == "pooled"}
    by_cause = {one.hypothesis_id: one.causes for one in difference.explanations if one.model == "pooled"}
    assert "H1a" in flips
    assert by_cause.keys() == flips
    assert by_cause["H1a"] == ("specification",)
    flip = next(one for one in difference.published.verdicts if (one.model, one.hypothesis_id) == ("pooled", "H1a"))
    held_back = next(one for one in difference.explanations if one.hypothesis_id == "H1a").held_back
    assert flip.before == dict(verdicts_before)["H1a"]
    assert held_back["data"] == flip.after == "not_supported"
    assert held_back["specification"] != flip.after
    assert json.loads(as_json(difference))["basis"]["differs"] == ["data", "specification"]
    assert "by specification" in as_text(difference)

    # Old data under the old specification give the old release: what is held back is what it was.
    found = verdicts_under(home, first, study, ["pooled"])
    assert {(hypothesis, verdict) for (_, hypothesis), verdict in found.items()} == set(verdicts_before)
    assert files_of(home) == untouched
    assert not list(home.work.glob("diff-*"))


def test_where_data_cannot_be_had_again_the_new_years_are_held_back(
    refreshed: Refreshed, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = current_manifest(refreshed.home)
    first = second | {"run_id": "first", "last_year": second["last_year"] - 1, "input_hash": "another"}
    asked = []

    def only_of_the_second(home: Home, data: dict, study: Study, models: list[str], what: str) -> dict:
        if data is first:
            raise CannotHoldBack("they are gone")
        asked.append(study.panel.years.last)
        return {("pooled", "H1a"): OLD}

    monkeypatch.setattr(explanation, "verdicts_under", only_of_the_second)
    (found,) = explanation.explain(refreshed.home, first, second, ("data", "code"), [FLIP])
    assert asked == [first["last_year"]]
    assert found.causes == ("data",)
    assert f"only the years after {first['last_year']} were held back: they are gone" in found.reason
    # With the panel ending alike there is no year to leave out, and the cause is not guessed.
    first["last_year"] = second["last_year"]
    (found,) = explanation.explain(refreshed.home, first, second, ("data", "code"), [FLIP])
    assert found.causes == ()
    assert "they are gone" in found.reason


def test_a_release_from_before_specifications_were_kept_is_compared_without(refreshed: Refreshed) -> None:
    second = current_manifest(refreshed.home)
    first = {key: value for key, value in second.items() if key != "study"} | {"study_hash": "another"}
    basis = compare_basis(first, second)
    assert basis.differs == ("specification",)
    assert basis.specification is None
    assert "cannot be said how" in "".join(specification_lines(basis))
    with pytest.raises(CannotHoldBack, match="does not carry"):
        study_of(first)


def test_files_that_are_new_gone_or_changed_are_named(refreshed: Refreshed) -> None:
    manifest = current_manifest(refreshed.home)
    gone, changed, *same = manifest["inputs"]
    after = manifest | {"inputs": [changed | {"sha256": "another"}, *same, gone | {"file": "new.csv"}]}
    found = {(one.file, one.change) for one in compare_basis(manifest, after).inputs}
    assert found == {(gone["file"], "gone"), (changed["file"], "changed"), ("new.csv", "new")}


def test_without_the_warehouse_the_cause_is_not_guessed(
    refreshed: Refreshed, own_copy: Refreshed, study: Study
) -> None:
    own_copy.home.warehouse.unlink()
    with pytest.raises(CannotHoldBack, match="the warehouse is not here"):
        verdicts_under(own_copy.home, current_manifest(refreshed.home), study, ["pooled"])


def test_differences_explained_at_once_wait_for_each_other(
    home: Home, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dbt's files of both are in one folder: each once read what the other had written."""

    def is_free() -> bool:
        with (home.work / "dbt_diff.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def rebuild(*_: object) -> None:
        raise BuildFailed(f"the lock is free: {is_free()}")

    home.work.mkdir(exist_ok=True)
    monkeypatch.setattr("flows.diff.held_back.data_of", lambda *_: nullcontext(home.warehouse))
    monkeypatch.setattr("flows.diff.held_back.rebuild_estimation_input", rebuild)
    with pytest.raises(CannotHoldBack, match="the lock is free: False"):
        verdicts_under(home, {}, study, ["pooled"])
    assert is_free()


def test_data_that_are_no_longer_in_landing_cannot_be_held_back(own_copy: Refreshed, study: Study) -> None:
    manifest = current_manifest(own_copy.home)
    manifest["inputs"] = [one for one in manifest["inputs"] if one["delivery"] != f"delivery_{LAST_YEAR}"]
    with pytest.raises(CannotHoldBack, match="corrected or came in another order"):
        verdicts_under(own_copy.home, manifest, study, ["pooled"])
    shutil.rmtree(own_copy.home.landing)
    with pytest.raises(CannotHoldBack, match="no longer in landing"):
        verdicts_under(own_copy.home, manifest, study, ["pooled"])


def test_a_verdict_that_is_new_is_no_flip() -> None:
    assert FLIP.flipped
    assert not replace(FLIP, before=None).flipped
    assert not replace(FLIP, after=OLD).flipped
