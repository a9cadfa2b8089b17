"""Who may read what in a home directory, and that nothing runs in one that others have rights to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.home import Home
from storage.permissions import SHARED_HOME_VARIABLE, HomeShared
from tests.deliveries import write_delivery

COMMAND = Path(sys.executable).with_name("flyttepanel")
SIMULATE = "simulate --persons 300 --years 2014-2016 --seed 1 --out {home}/landing"
ALL = (
    *("refresh", "load", "build", "validate", "estimate", "publish", "report", "status", "sql 1", "diff"),
    *("withdraw d1", "serve", "alert"),
)


def run(words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command under the most liberal umask there is."""
    return subprocess.run(
        ["bash", "-c", f"umask 0 && {COMMAND} {words}"],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=120,
        check=False,
    )


def modes(folder: Path) -> dict[str, int]:
    """The mode of a folder and of everything in it, links left out."""
    return {
        str(path.relative_to(folder)): path.stat().st_mode & 0o777
        for path in [folder, *folder.rglob("*")]
        if not path.is_symlink()
    }


def test_everything_is_the_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    for words in (SIMULATE.format(home=home), f"load --home {home}", f"status --home {home}"):
        done = run(words)
        assert done.returncode == 0, done.stderr
    found = modes(tmp_path / "new")
    assert {path for path, mode in found.items() if mode & 0o077} == set()
    assert {"home/warehouse.duckdb", "home/landing/truth.json", "home/work/writer.lock"} <= set(found)


def test_a_refusal_is_logged_for_the_owner_alone(tmp_path: Path) -> None:
    write_delivery(tmp_path / "home" / "landing" / "d1", faste_oppl=None, skatt={"a": ["1"]})
    (tmp_path / "home").chmod(0o700)
    assert run(f"load --home {tmp_path / 'home'}").returncode == 1
    found = modes(tmp_path / "home")
    assert found["logs/refusals.jsonl"] == 0o600
    assert {path for path, mode in found.items() if mode & 0o077 and not path.startswith("landing")} == set()


@pytest.mark.parametrize("command", ALL)
@pytest.mark.parametrize("mode", [0o750, 0o701])
def test_no_command_runs_in_a_home_that_others_have_rights_to(tmp_path: Path, command: str, mode: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(mode)
    done = run(f"{command} --home {home}")
    assert done.returncode == 1
    assert f"mode {mode:04o}" in done.stderr
    assert "chmod 700" in done.stderr
    assert list(home.iterdir()) == []


def test_operators_may_allow_it_by_flag_or_environment(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o750)
    assert run(f"status --home {home} --shared-home").returncode == 0
    assert run(f"status --home {home}", **{SHARED_HOME_VARIABLE: "1"}).returncode == 0
    assert run(f"status --home {home}", **{SHARED_HOME_VARIABLE: "0"}).returncode == 1


def test_flows_and_programs_refuse_it_too(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o770)
    with pytest.raises(HomeShared):
        Home(tmp_path / "home").create()
