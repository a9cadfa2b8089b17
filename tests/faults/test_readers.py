"""Readers never wait and never see two releases at once, however they open the database; nor do they stop a release."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from flows.home import STUDY_FILE, Home
from flows.publish import history_for
from flows.switch import seal, switch
from models_py.study import Study, load_study
from tests.releases import manifest, release_rows, write_rows

READER = (
    "import sys; from pathlib import Path; from tests.faults.readers import {0}; print({0}(*map(Path, sys.argv[1:])))"
)
N_SWITCHES = 40


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(STUDY_FILE)


@pytest.fixture
def home(tmp_path: Path, study: Study) -> Home:
    """A home directory with a release, and another one beside it that nobody sees yet."""
    home = Home(tmp_path / "home")
    home.create()
    for name in ("a", "b"):
        told = manifest(study) | {"run_id": name}
        write_rows(home.work / f"release-{name}", release_rows(study), told)
        seal(home.work / f"release-{name}", home.releases / name)
    switch(home, home.releases / "a")
    return home


@contextmanager
def reader(program: str, *arguments: Path) -> Iterator[subprocess.Popen[str]]:
    """A reader in a process of its own."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.communicate("\n")


def test_readers_read_through_every_switch(home: Home, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    with (
        reader(READER.format("open_again_and_again"), home.path, stop) as again,
        reader(READER.format("hold_open"), home.path, stop) as held,
    ):
        time.sleep(3)
        for number in range(N_SWITCHES):
            switch(home, home.releases / "ab"[number % 2])
            time.sleep(0.1)
        stop.touch()
        told = [process.communicate()[0] for process in (again, held)]
        codes = [process.returncode for process in (again, held)]
    assert codes == [0, 0], told
    assert "'a', 'b'" in told[0] or "'b', 'a'" in told[0]
    assert told[1].count("'") == 2  # one release from beginning to end


def test_a_reader_who_opens_it_for_writing_stops_no_release(home: Home) -> None:
    program = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    with reader(program, home.results) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        draft = home.work / "release-c"
        draft.mkdir()
        history = history_for(draft, home)
        assert history is not None
        with duckdb.connect(str(history), read_only=True) as con:  # as disclosure control opens it
            assert con.sql("select run_id from history.run").fetchall() == [("a",)]
