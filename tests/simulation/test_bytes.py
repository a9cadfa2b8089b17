"""The same seed gives the same bytes; another year adds to what was there."""

from pathlib import Path

import pytest

from synthetic import SimulationError, simulate


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_same_seed_same_bytes(tmp_path: Path, form: str) -> None:
    for name in ("one", "two"):
        simulate(600, (2014, 2017), 9, tmp_path / name, format=form)  # type: ignore[arg-type]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_shares_no_person(tmp_path: Path) -> None:
    keys = []
    for seed in (1, 2):
        (folder,) = simulate(500, (2014, 2014), seed, tmp_path / str(seed), quirks=False)
        lines = (folder / "w21_1234_faste_oppl_ut.csv").read_text().splitlines()[1:]
        keys.append({line.split(";")[0] for line in lines})
    assert len(keys[0]) == 500
    assert not keys[0] & keys[1]


@pytest.mark.parametrize("quirks", [True, False])
def test_next_year_leaves_earlier_deliveries_alone(tmp_path: Path, quirks: bool) -> None:
    short = simulate(800, (2014, 2018), 4, tmp_path / "short", deliveries="yearly", quirks=quirks)
    long = simulate(800, (2014, 2019), 4, tmp_path / "long", deliveries="yearly", quirks=quirks)
    assert [path.name for path in long] == [*(path.name for path in short), "delivery_2019"]
    for before, after in zip(short, long, strict=False):
        assert contents(before) == contents(after)


def test_blocks_do_not_share_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthetic.simulation.BLOCK", 300)
    (folder,) = simulate(1000, (2014, 2015), 2, tmp_path, quirks=False, sampling="balanced")
    keys = [line.split(";")[0] for line in (folder / "w21_1234_faste_oppl_ut.csv").read_text().splitlines()[1:]]
    assert len(keys) == len(set(keys)) >= 1000


def test_running_again_replaces_deliveries(tmp_path: Path) -> None:
    simulate(300, (2014, 2015), 1, tmp_path)
    first = contents(tmp_path)
    simulate(300, (2014, 2015), 1, tmp_path)
    assert contents(tmp_path) == first


@pytest.mark.parametrize(
    ("persons", "years", "seed"),
    [(0, (2014, 2015), 1), (9, (2013, 2015), 1), (9, (2016, 2015), 1), (9, (2014, 2015), -1)],
)
def test_impossible_requests_are_refused(tmp_path: Path, persons: int, years: tuple[int, int], seed: int) -> None:
    with pytest.raises(SimulationError):
        simulate(persons, years, seed, tmp_path / "out")
    assert not (tmp_path / "out").exists()
