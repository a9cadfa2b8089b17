"""The installed command, as a process: exit codes, output, and what it must not be able to do."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

from flows.errors import StepCrashed, without_values
from flows.home import PROJECT_ROOT
from tests.flows.conftest import Refreshed

COMMAND = Path(sys.executable).with_name("flyttepanel")
COMMANDS = (
    "simulate",
    "refresh",
    "load",
    "build",
    "validate",
    "estimate",
    "publish",
    "status",
    "sql",
    "withdraw",
    "serve",
    "diff",
    "alert",
    "pseudonymise",
    "report",
)


def run(*words: str, home: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | ({"FLYTTEPANEL_HOME": str(home)} if home else {})
    return subprocess.run([str(COMMAND), *words], capture_output=True, env=environment, timeout=120, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert b"Usage: flyttepanel" in done.stdout


def test_sql_in_every_format(refreshed: Refreshed) -> None:
    home = refreshed.home.path
    query = "select hypothesis_id, n_tests from results.hypothesis_verdict where model = 'pooled' order by 1"
    assert b"H6b" in run("sql", query, home=home).stdout
    assert len(json.loads(run("sql", query, "--format", "json", home=home).stdout)) == 10
    assert pyarrow.csv.read_csv(io.BytesIO(run("sql", query, "--format", "csv", home=home).stdout)).num_rows == 10
    parquet = run("sql", query, "--format", "parquet", home=home).stdout
    assert pyarrow.parquet.read_table(io.BytesIO(parquet)).num_rows == 10


def test_what_is_no_number_is_null_in_json(refreshed: Refreshed) -> None:
    query = "select 'nan'::double as x, ['-infinity'::double, 0.1::double] as y, 'å' as z"
    done = run("sql", query, "--format", "json", home=refreshed.home.path)
    assert json.loads(done.stdout, parse_constant=pytest.fail) == [{"x": None, "y": [None, 0.1], "z": "å"}]


def test_rows_that_a_format_cannot_hold_are_the_querys_fault(refreshed: Refreshed) -> None:
    done = run("sql", "--format", "csv", "select list(model) as models from results.fit", home=refreshed.home.path)
    assert done.returncode == 1
    assert b"cannot be written as csv" in done.stderr
    assert b"registers" not in done.stderr


def test_a_home_that_a_library_would_take_for_another_is_refused(tmp_path: Path) -> None:
    """Great Expectations opened the file that `$HOME` named."""
    done = run("load", home=tmp_path / "d$HOME")
    assert done.returncode == 1
    assert b"cannot have $" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["status", "load", "refresh"])
def test_a_landing_that_is_not_mounted_is_not_one_without_deliveries(tmp_path: Path, command: str) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "landing").symlink_to(tmp_path / "medium")
    done = run(command, home=home)
    assert done.returncode == 1
    assert b"leads nowhere" in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr


def test_a_librarys_own_kind_of_system_error_is_withheld() -> None:
    class Library(OSError):
        """As Great Expectations has one."""

    Library.__module__ = "great_expectations.datasource"
    with pytest.raises(StepCrashed) as crash, without_values():
        raise Library("a value from a row")
    assert "a value" not in str(crash.value)
    for ours in (FileNotFoundError("landing"), shutil.Error("a full disk while a folder is copied")):
        with pytest.raises(type(ours)), without_values():
            raise ours


def test_queries_of_the_readme_run_as_they_stand(refreshed: Refreshed) -> None:
    """Each with its comment, pasted between quotation marks."""
    block = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8").split("```sql\n")[1].split("```")[0]
    queries = [query.strip() for query in block.split("\n\n")]
    assert len(queries) >= 6
    for query in queries:
        done = run("sql", query, "--format", "csv", home=refreshed.home.path)
        assert done.returncode == 0, done.stderr.decode()


def test_sql_shows_a_table_named_alone(refreshed: Refreshed) -> None:
    done = run("sql", "from results.hypothesis_verdict", home=refreshed.home.path)
    assert done.returncode == 0
    assert done.stdout.count(b"H") >= 10


@pytest.mark.parametrize(
    "query",
    [
        "create table results.mine (a int)",
        "drop view results.run",
        "attach '{home}/warehouse.duckdb' as warehouse",
        "copy (select 1) to '{home}/stolen.csv'",
        "select * from read_csv('{home}/logs/refusals.jsonl')",
        "set enable_external_access = true",
        "select no_such_column from results.run",
    ],
)
def test_sql_can_neither_write_nor_look_elsewhere(refreshed: Refreshed, query: str) -> None:
    done = run("sql", query.format(home=refreshed.home.path), home=refreshed.home.path)
    assert done.returncode == 1
    assert done.stderr


def test_without_a_release_sql_says_what_to_do(tmp_path: Path) -> None:
    done = run("sql", "select 1", home=tmp_path)
    assert done.returncode == 1
    assert b"flyttepanel refresh" in done.stderr


def test_an_empty_home_has_nothing_due(tmp_path: Path) -> None:
    assert b"there is no delivery" in run("refresh", home=tmp_path).stdout
    assert b"due         nothing" in run("status", home=tmp_path).stdout


@pytest.mark.parametrize("command", [["status"], ["refresh"], ["load"], ["sql", "select 1"]])
def test_a_home_that_is_not_there_is_not_made(tmp_path: Path, command: list[str]) -> None:
    done = run(*command, home=tmp_path / "mistyped")
    assert done.returncode == 1
    assert b"no such home directory" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("status", home=tmp_path / "file")
    assert done.returncode == 1
    assert b"no directory" in done.stderr


def test_an_empty_query_is_an_error(refreshed: Refreshed) -> None:
    for query in ("", " -- nothing but a comment"):
        done = run("sql", query, home=refreshed.home.path)
        assert done.returncode == 1
        assert b"the query is empty" in done.stderr


def test_a_table_that_is_not_whole_says_so(refreshed: Refreshed) -> None:
    done = run("sql", "from range(10000)", home=refreshed.home.path)
    assert done.stderr == b""
    done = run("sql", "from range(12345)", home=refreshed.home.path)
    assert b"first 10,000 rows" in done.stderr


def test_steps_out_of_order_say_which_comes_first(tmp_path: Path) -> None:
    done = run("build", home=tmp_path)
    assert done.returncode == 1
    assert b"flyttepanel load" in done.stderr


def test_a_refused_delivery_is_a_readable_report_and_exit_code_1(tmp_path: Path) -> None:
    delivery = tmp_path / "landing" / "delivery_bad"
    delivery.mkdir(parents=True)
    (delivery / "w21_hush_fam_2016_ut.csv").write_text("w21_lopenr_person;unheard_of\nCANARY1;CANARY2\n")
    done = run("load", home=tmp_path)
    assert done.returncode == 1
    assert b"w21_hush_fam_2016_ut.csv" in done.stderr
    assert b"parstatus" in done.stderr
    assert b"CANARY" not in done.stdout + done.stderr
    assert not (tmp_path / "warehouse.duckdb").exists()


def test_a_command_that_fails_at_once_says_what_is_wrong_and_no_more(refreshed: Refreshed) -> None:
    """The gates' import, under way beside it, was once overtaken by the end of the process: 45 lines of traceback."""
    done = subprocess.run(
        [COMMAND, "load", "nosuch", "--home", str(refreshed.home.path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "nosuch" in done.stderr
    assert "Traceback" not in done.stderr
