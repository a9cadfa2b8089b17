"""What operators rely on: settings, alerts, marks of the living, a full refresh, back-up and restore."""

import fcntl
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from expectations.gate import Check, GateFailed, GateResult
from flows.alerts import alerting, send, summary, title_of
from flows.candidate import HomeBusy
from flows.home import Home
from flows.liveness import AlreadyServed, alive, bury, dead_runs, sole_server
from flows.load import DeliveryRefused, Fault
from flows.operations import Operations, OperationsError, alert_addresses, load_operations
from flows.pipeline import run_refresh
from flows.retention import tidy
from flows.state import current_manifest, due, everything
from flows.versions import new_run_id
from models_py.study import Study
from tests.flows.conftest import Refreshed
from tests.flows.test_command_line import run
from tests.flows.test_refresh import digest, query
from tests.operations.receivers import receivers
from tests.operations.settings import write_settings

CANARY = "CANARY4711"


def test_settings_have_defaults_that_delete_and_tell_nothing(home: Home) -> None:
    assert load_operations(home) == Operations()
    assert (Operations().alerts, Operations().keep.releases, Operations().keep.log_days) == ((), None, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"alert: [{CANARY}]", "alert: Extra inputs"),
        (f"keep: {{releases: {CANARY}}}", "keep.releases"),
        ("keep: {releases: 1}", "keep.releases"),
        (f"alerts: [{CANARY}", "not YAML"),
    ],
)
def test_wrong_settings_are_named_without_their_values(home: Home, text: str, says: str) -> None:
    write_settings(home, text)
    with pytest.raises(OperationsError, match=says) as error:
        load_operations(home)
    assert CANARY not in str(error.value)


def test_settings_that_others_can_read_are_refused(home: Home) -> None:
    write_settings(home, "alerts: ['mailto://user:password@example.org']", 0o640)
    with pytest.raises(OperationsError, match="chmod 600"):
        load_operations(home)


def test_addresses_may_come_from_the_environment(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write_settings(home, "alerts: ['json://file']\nkeep: {releases: 3}")
    monkeypatch.setenv("FLYTTEPANEL_ALERTS", "json://one json://two")
    assert alert_addresses(home) == ("json://one", "json://two")
    assert load_operations(home).keep.releases == 3


def test_settings_that_cannot_be_read_silence_no_alert(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_settings(home, "keep: {release: 12}")
    with receivers() as received:
        monkeypatch.setenv("FLYTTEPANEL_ALERTS", " ".join(received.urls))
        with pytest.raises(OperationsError), alerting(home, "run-1", lambda: "start"):
            tidy(home)
        assert received.web == [
            "Flyttepanel: refresh failed\nRun run-1, step start.\nOperationsError; the published release stays."
        ]
    monkeypatch.delenv("FLYTTEPANEL_ALERTS")
    with pytest.raises(ZeroDivisionError), alerting(home, "run-1", lambda: "start"):
        raise ZeroDivisionError
    assert caplog.messages[-1].startswith(f"alert     not sent: {home.operations}: 1 fault\n")


def test_nothing_is_served_under_settings_that_cannot_be_read(home: Home) -> None:
    write_settings(home, "keep: {release: 12}")
    ended = run("serve", home=home.path)
    assert ended.returncode == 1
    assert b"keep.release: Extra inputs" in ended.stderr


# Prefect's state is where FLYTTEPANEL_HOME says when it is imported: in a process of its own.
START = """
from flows.home import home_from
from flows.prefect_flows import under_way
with under_way(home_from(None), "run-1"):
    pass
"""


def test_a_run_that_cannot_say_that_it_is_alive_sends_an_alert(home: Home) -> None:
    (home.work / "runs").touch()
    with receivers() as received:
        write_settings(home, yaml.safe_dump({"alerts": received.urls}))
        environment = os.environ | {"FLYTTEPANEL_HOME": str(home.path)}
        ended = subprocess.run([sys.executable, "-c", START], env=environment, capture_output=True, check=False)
        assert b"FileExistsError" in ended.stderr
        assert received.web == [
            "Flyttepanel: refresh failed\nRun run-1, step start.\nFileExistsError; the published release stays."
        ]


def test_a_run_in_a_home_that_is_gone_sends_an_alert_and_makes_none(tmp_path: Path) -> None:
    with receivers() as received:
        environment = os.environ | {
            "FLYTTEPANEL_HOME": str(tmp_path / "not_mounted"),
            "FLYTTEPANEL_ALERTS": " ".join(received.urls),
        }
        ended = subprocess.run([sys.executable, "-c", START], env=environment, capture_output=True, check=False)
        assert b"no such home directory; is its disk mounted" in ended.stderr
        assert received.web == [
            "Flyttepanel: refresh failed\nRun run-1, step start.\nFileNotFoundError; the published release stays."
        ]
    sent = run("alert", home=tmp_path / "not_mounted")
    assert b"names no addresses" in sent.stderr
    assert not list(tmp_path.iterdir())


def refusal() -> DeliveryRefused:
    faults = [Fault(CANARY, CANARY, CANARY, "value_in_codes", CANARY, (3, 4), 2)] * 2
    return DeliveryRefused([*faults, Fault(CANARY, None, None, "period", CANARY)])


def failed_gate() -> GateFailed:
    checks = tuple(
        Check("suite", "expect_column_values_to_be_in_set", "marts.person_year", "sex", success)
        for success in (True, False)
    )
    return GateFailed(CANARY, GateResult("marts", "run", checks))


@pytest.mark.parametrize(
    ("error", "title", "says"),
    [
        (refusal(), "delivery refused", "period: 1\nvalue_in_codes: 2"),
        (failed_gate(), "gate failed", "marts.person_year: expect_column_values_to_be_in_set: 1"),
        (HomeBusy(CANARY), "busy", "HomeBusy; the published release stays."),
        (RuntimeError(CANARY), "refresh failed", "RuntimeError; the published release stays."),
    ],
)
def test_an_alert_says_rules_and_counts(error: Exception, title: str, says: str) -> None:
    assert title_of(error) == f"Flyttepanel: {title}"
    assert summary(error) == says


def test_a_failure_is_told_by_web_and_mail(home: Home) -> None:
    with receivers() as received:
        write_settings(home, yaml.safe_dump({"alerts": received.urls}))
        with pytest.raises(DeliveryRefused), alerting(home, "run-1", lambda: "load"):
            raise refusal()
        told = "Flyttepanel: delivery refused\nRun run-1, step load.\nperiod: 1\nvalue_in_codes: 2"
        assert received.web == [told]
        assert received.mail[0].replace("\r\n", "\n").strip() == told
        received.clear()
        with alerting(home, "run-2", lambda: "load"):
            pass
        assert not received.web


def test_an_address_that_cannot_be_reached_hides_no_failure(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    write_settings(home, f"alerts: ['json://user:{CANARY}@127.0.0.1:1/', 'nonsense://{CANARY}']")
    with pytest.raises(ZeroDivisionError), alerting(home, "run-1", lambda: "load"):
        raise ZeroDivisionError
    ours = [record.getMessage() for record in caplog.records if record.name == "flyttepanel"]
    assert len(ours) == 2
    assert CANARY not in "".join(ours)


@pytest.mark.parametrize(
    "address",
    ["msteams://{}/x", "tgram://{}", "slack://{}", "discord://{}", "json://user:a@{}@127.0.0.1:1/", "nonsense://{}"],
)
def test_no_address_is_ever_logged(
    home: Home, address: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Libraries log what they cannot parse or reach, with the tokens in it; not our logger alone counts."""
    caplog.set_level(logging.DEBUG)
    write_settings(home, yaml.safe_dump({"alerts": [address.format(CANARY)]}))
    assert not send(home, "title", "text")
    said = [record.getMessage() for record in caplog.records]
    assert said == ["alert     number 1 of the addresses could not be reached"]
    assert CANARY.lower() not in "".join(capfd.readouterr()).lower()


def test_addresses_can_be_tried(home: Home) -> None:
    assert run("alert", home=home.path).returncode == 1
    with receivers() as received:
        write_settings(home, yaml.safe_dump({"alerts": received.urls}))
        assert run("alert", home=home.path).stdout == b"Sent to 2.\n"
        assert received.web == ["Flyttepanel: message\nThis is a test."]


HOLD = """
import sys, time
from pathlib import Path
from flows.home import Home
from flows.liveness import alive
with alive(Home(Path(sys.argv[1])), "run"):
    print("alive", flush=True)
    time.sleep(60)
"""


def test_a_run_is_alive_until_its_process_is_killed(home: Home) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(home.path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"alive\n"
    assert dead_runs(home) == []
    process.kill()
    process.wait()
    process.stdout.close()
    assert dead_runs(home) == ["run"]
    bury(home, "run")
    assert dead_runs(home) == []


def test_a_run_that_ends_or_fails_leaves_no_mark(home: Home) -> None:
    with alive(home, "run"):
        assert dead_runs(home) == []
    with pytest.raises(ZeroDivisionError), alive(home, "run"):
        raise ZeroDivisionError
    assert dead_runs(home) == []
    assert not list((home.work / "runs").iterdir())


def test_a_home_is_served_once(home: Home) -> None:
    with sole_server(home), pytest.raises(AlreadyServed), sole_server(home):
        pass


def test_a_full_refresh_is_never_without_something_to_do(refreshed: Refreshed, study: Study, tmp_path: Path) -> None:
    assert not due(refreshed.home, study)
    assert everything(refreshed.home, study).steps == ["build", "estimate", "publish"]
    assert not everything(Home(tmp_path), study)


def test_a_backup_restored_elsewhere_is_the_same_home(refreshed: Refreshed, study: Study, tmp_path: Path) -> None:
    """The commands of docs/operators.md."""
    home, elsewhere, archive = refreshed.home, Home(tmp_path / "elsewhere"), tmp_path / "home.tar"
    backup = f"flock {home.work}/writer.lock tar --create --format=posix --exclude=./work -f {archive} -C {home.path} ."
    subprocess.run(backup.split(), check=True)
    elsewhere.path.mkdir(mode=0o700)
    subprocess.run(f"tar --extract -f {archive} -C {elsewhere.path}".split(), check=True)
    assert not due(elsewhere, study)
    assert not run_refresh(elsewhere, study, new_run_id())
    assert current_manifest(elsewhere) == current_manifest(home)
    for name in ("warehouse", "results"):
        assert digest(getattr(elsewhere, name)) == digest(getattr(home, name))
    verdicts = "from results.hypothesis_verdict order by all"
    assert query(elsewhere.results, verdicts) == query(home.results, verdicts)
    shutil.rmtree(elsewhere.path)


def test_a_backup_waits_while_a_refresh_works(home: Home) -> None:
    with (home.work / "writer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["flock", "--nonblock", str(home.work / "writer.lock"), "true"], check=False)
        assert done.returncode == 1
