"""What goes of old releases and logs, and what killed processes left."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from flows.home import Home
from flows.retention import tidy
from tests.operations.settings import write_settings


def make_releases(home: Home, *names: str) -> None:
    for name in names:
        (home.releases / name).mkdir()
        (home.releases / name / "results.duckdb").write_text(name)


def releases(home: Home) -> list[str]:
    return sorted(path.name for path in home.releases.iterdir())


def test_nothing_is_deleted_unless_the_settings_say_so(home: Home) -> None:
    make_releases(home, *"abcdef")
    (home.logs / "old.log").touch()
    os.utime(home.logs / "old.log", (0, 0))
    tidy(home)
    assert releases(home) == list("abcdef")
    assert (home.logs / "old.log").exists()


def test_the_newest_releases_stay_and_those_with_a_link(home: Home) -> None:
    make_releases(home, *"abcdef")
    write_settings(home, "keep: {releases: 2}")
    home.current.symlink_to(Path("releases") / "c")
    home.results.symlink_to(Path("current") / "results.duckdb")
    (home.releases / "paper").symlink_to("a")
    (home.path / "figure").symlink_to(home.releases / "b" / "results.duckdb")
    tidy(home)
    assert releases(home) == ["a", "b", "c", "e", "f", "paper"]
    assert home.results.read_text() == "c"
    assert not list(home.work.glob("gone-*"))


def test_newest_is_what_was_published_last_though_the_clock_was_set_back(home: Home) -> None:
    make_releases(home, *"abcde")
    write_settings(home, "keep: {releases: 2}")
    (home.releases / "a" / "results.duckdb").unlink()
    with duckdb.connect(str(home.releases / "a" / "results.duckdb")) as con:
        con.execute("create schema history")
        con.execute("create table history.run as select unnest(['c', 'd', 'e', 'b', 'a']) as run_id")
    home.last_published.symlink_to("a")
    tidy(home)
    assert releases(home) == ["a", "b", "last_published"]
    make_releases(home, "0")  # in no history: perhaps of a back-up that was restored beside it
    tidy(home)
    assert releases(home) == ["0", "a", "b", "last_published"]


def test_an_entry_cut_inside_a_letter_goes(home: Home) -> None:
    write_settings(home, "keep: {log_days: 30}")
    whole = json.dumps({"refused_at": datetime.now(UTC).isoformat(), "file": "å.csv"}, ensure_ascii=False).encode()
    cut = [b'{"file": "\xc3\n', b"7\n", b"{}\n", b'{"refused_at": "yesterday"}\n']
    home.refusals.write_bytes(b"".join([*cut, whole, b"\n"]))
    tidy(home)
    assert home.refusals.read_bytes() == whole + b"\n"


def test_old_logs_and_refusals_go(home: Home) -> None:
    write_settings(home, "keep: {log_days: 30}")
    now = datetime.now(UTC)
    lines = [
        json.dumps({"run_id": str(days), "refused_at": (now - timedelta(days=days)).isoformat()}) for days in (31, 29)
    ]
    home.refusals.write_text("".join(f"{line}\n" for line in lines))
    for name, age in (("old.log", 31), ("new.log", 29)):
        (home.logs / name).touch()
        os.utime(home.logs / name, ((now - timedelta(days=age)).timestamp(),) * 2)
    tidy(home)
    assert home.refusals.read_text() == f"{lines[1]}\n"
    assert sorted(path.name for path in home.logs.iterdir()) == ["new.log", "refusals.jsonl"]
    assert home.refusals.stat().st_mode & 0o777 == 0o600


def test_scratch_of_killed_processes_goes_after_a_day(home: Home) -> None:
    for name, hours in (("diff-old", 25), ("gone-old", 25), ("diff-new", 23)):
        (home.work / name).mkdir()
        when = (datetime.now(UTC) - timedelta(hours=hours)).timestamp()
        os.utime(home.work / name, (when, when))
    tidy(home)
    assert [path.name for path in home.work.iterdir() if path.is_dir()] == ["diff-new"]
