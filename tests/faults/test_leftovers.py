"""What a kill, a full disk or a clock may leave behind, met by the next run."""

import json
from datetime import UTC, datetime

import duckdb
import pytest

import flows.load.delivery
from flows.home import STUDY_FILE, Home
from flows.load import DeliveryChanging, DeliveryRefused, Fault, load_deliveries, write_refusal
from flows.retention import trim_logs
from flows.state import last_basis, published_basis, record_step
from models_py.study import Study, load_study
from tests.deliveries import write_delivery

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(STUDY_FILE)


def test_the_last_run_of_a_step_is_the_last_although_the_clock_was_set_back(home: Home, study: Study) -> None:
    write_delivery(home.landing / "delivery_1")
    load_deliveries(home.warehouse, home.landing, None, study, "20270101T000000Z-aaaaaa")
    record_step(home.warehouse, "build", "20270101T000000Z-aaaaaa", study, NOW)
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("update audit.step set finished_at = finished_at + interval 1 year")
    other = study.model_copy(update={"title": study.title.model_copy(update={"en": "Another study"})})
    record_step(home.warehouse, "build", "20260101T000000Z-aaaaaa", other, NOW)
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        hashes = [hash for (hash,) in con.sql("select study_hash from audit.step order by finished_at").fetchall()]
        last = last_basis(con, "build")
    assert last is not None
    assert hashes[0] != hashes[1]
    assert last.study_hash == hashes[0]


def test_a_delivery_that_changes_while_it_is_read_is_left_for_later(
    home: Home, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_delivery(home.landing / "delivery_1")
    growing = next(path for path in folder.iterdir() if "bostedskommune" in path.name)
    whole, read = growing.read_bytes(), flows.load.delivery.read_file
    growing.write_bytes(whole.rstrip().rpartition(b"\n")[0] + b"\n")

    def while_it_is_copied(*arguments: object) -> object:
        result = read(*arguments)  # type: ignore[arg-type]
        growing.write_bytes(whole)
        return result

    monkeypatch.setattr(flows.load.delivery, "read_file", while_it_is_copied)
    with pytest.raises(DeliveryChanging, match="delivery_1 changed while it was read"):
        load_deliveries(home.work / "candidate.duckdb", home.landing, None, study, "run")
    monkeypatch.undo()
    [loaded] = load_deliveries(home.work / "fresh.duckdb", home.landing, None, study, "run")
    assert loaded.n_files == len(list(folder.iterdir()))


def test_a_refusal_cut_short_spoils_neither_the_next_nor_retention(home: Home) -> None:
    refusal = DeliveryRefused([Fault("delivery_1", "file", None, "rule", "message")])
    write_refusal(home.refusals, refusal, "first")
    whole = home.refusals.read_bytes()
    home.refusals.write_bytes(whole + whole[: len(whole) // 2])
    write_refusal(home.refusals, refusal, "second")
    lines = home.refusals.read_text().splitlines()
    assert [json.loads(lines[place])["run_id"] for place in (0, 2)] == ["first", "second"]
    trim_logs(home, datetime(2020, 1, 1, tzinfo=UTC))
    assert [json.loads(line)["run_id"] for line in home.refusals.read_text().splitlines()] == ["first", "second"]


def test_a_release_that_readers_cannot_reach_is_still_to_be_published(home: Home) -> None:
    release = home.releases / "a"
    release.mkdir()
    basis = {"input_hash": "1", "study_hash": "2", "code_version": "3"}
    (release / "manifest.json").write_text(json.dumps(basis))
    home.current.symlink_to("releases/a")
    assert published_basis(home) is None
    home.results.symlink_to("current/results.duckdb")
    home.site.symlink_to("current/site")
    assert published_basis(home) is not None
