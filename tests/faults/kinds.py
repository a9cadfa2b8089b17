"""The kinds of fault: each disturbs one step in a home directory of its own and says how the step ended.

Belongs here: disturbing. Does not belong here: what must hold afterwards (`trials`).
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from flows.home import Home
from flows.load.folder import entries
from tests.faults import tasks
from tests.faults.readers import reading, writing_reader
from tests.faults.stages import Stages
from tests.faults.warm import Work
from tests.faults.wrong import (
    Environment,
    FileLimit,
    KilledAtChange,
    MemoryLimit,
    OrdinaryUser,
    Wrong,
    counted,
    lose_unsynced,
)

EVERY_STEP = ("load", "build", "validate", "estimate", "publish", "report")
MEGABYTE = 1 << 20
STUCK_SECONDS = 600


@dataclass
class Trial:
    """A step about to be disturbed. `home` is a copy made for it alone."""

    stages: Stages
    home: Home
    step: str
    chance: random.Random

    def start(self, wrong: Wrong | None = None) -> Work:
        """Start the step."""
        return self.stages.warm.start(tasks.step, self.home.path, self.step, wrong)

    def moment(self) -> float:
        """A random moment of the step (seconds from its start); others run beside it, so that it may take longer."""
        return self.chance.uniform(0, 1.1 * self.stages.seconds[self.step])

    def run(self, wrong: Wrong | None = None) -> str:
        """Run the step to its end. Returns the outcome."""
        return outcome(self.start(wrong))

    def run_until(self, disturb: Callable[[Work], None], wrong: Wrong | None = None) -> str:
        """Start the step, disturb it at a random moment, and wait for its end."""
        work = self.start(wrong)
        ended = work.ended(self.moment())
        if ended is not None:
            return f"{ended.outcome} before"
        disturb(work)
        return outcome(work)


def outcome(work: Work) -> str:
    """Wait for the end of a step. Returns how it ended; one that does not end is killed, and was `stuck`."""
    ended = work.ended(STUCK_SECONDS)
    if ended is not None:
        return ended.outcome
    work.kill()
    work.ended()
    return "stuck"


@dataclass(frozen=True)
class Kind:
    """A kind of fault: the steps it applies to, whether the step must come through it, and whether it may never end."""

    name: str
    inject: Callable[[Trial], str]
    steps: tuple[str, ...] = EVERY_STEP
    must_complete: bool = False
    may_stick: bool = False


def kill(trial: Trial) -> str:
    """SIGKILL of the whole process group."""
    return trial.run_until(lambda work: work.kill())


def terminate(trial: Trial) -> str:
    """SIGTERM to everything, as when the machine is shut down."""
    return trial.run_until(lambda work: os.killpg(work.pid, signal.SIGTERM))


def kill_dbt(trial: Trial) -> str:
    """Only dbt is killed, as by the kernel when memory runs out."""

    def of_the_group(work: Work) -> None:
        for pid in others_of_group(work.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    return trial.run_until(of_the_group)


def others_of_group(group: int) -> Iterator[int]:
    """The processes of a group but its leader."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != group:
            with contextlib.suppress(OSError):  # it may have ended
                if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                    yield int(folder.name)


def power_cut(trial: Trial) -> str:
    """Killed just before a change of some file, after which half of whatever was not synced is gone."""
    folder = trial.home.path.with_name(f"{trial.home.path.name}-log")
    folder.mkdir()
    changes = n_changes(trial.stages, trial.step)
    since = time.time_ns()
    ended = trial.run(KilledAtChange(trial.chance.randint(1, changes), folder / "synced"))
    lose_unsynced(trial.home.path, folder / "synced", since)
    shutil.rmtree(folder)
    return ended


def n_changes(stages: Stages, step: str) -> int:
    """How many changes of files a step makes undisturbed; counted once."""
    into = stages.folder / f"changes-{step}"
    if not into.exists():
        home = stages.copy_for(step)
        stages.warm.value(count_changes, home, step, into)
        shutil.rmtree(home)
    return int(into.read_text())


def count_changes(home: Path, step: str, into: Path) -> None:
    with counted(into):
        tasks.step(home, step)


def full_disk(trial: Trial) -> str:
    """The home directory lies on a small file system, which fills up at some moment."""
    used = sum(path.lstat().st_size for path in trial.home.path.rglob("*"))
    with small_disk(trial.home.path, used + trial.chance.randint(MEGABYTE, 25 * MEGABYTE)):
        return trial.run()


@contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[None]:
    """Have a folder lie on a file system of so many bytes for a block; what then is there stays. Needs root."""
    aside = folder.with_name(f"{folder.name}-aside")
    folder.rename(aside)
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={n_bytes},mode=0700", "tmpfs", str(folder)], check=True)
    try:
        for entry in aside.iterdir():
            subprocess.run(["cp", "--archive", str(entry), str(folder)], check=True)
        yield
        shutil.rmtree(aside)
        shutil.copytree(folder, aside, symlinks=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()
        aside.rename(folder)


def can_mount(folder: Path) -> bool:
    """Whether small file systems can be had here."""
    place = folder / "mount"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    can = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    if can:
        subprocess.run(["umount", str(place)], check=True)
    place.rmdir()
    return can


def file_limit(trial: Trial) -> str:
    """A write fails because of the size of its file."""
    return trial.run(FileLimit(trial.chance.choice((1000, 100_000, 2 * MEGABYTE, 5 * MEGABYTE, 12 * MEGABYTE))))


def little_memory(trial: Trial) -> str:
    """Memory runs out."""
    return trial.run(MemoryLimit(trial.chance.randint(1, 200) * MEGABYTE))


def little_memory_for_dbt(trial: Trial) -> str:
    """DuckDB may use next to none in the build."""
    return trial.run(Environment("FLYTTEPANEL_MEMORY", trial.chance.choice(("1MB", "4MB", "8MB"))))


def second_refresh(trial: Trial) -> str:
    """A second refresh starts meanwhile: it is told that the first is at work, which is not disturbed by it.

    Returns the outcome of both; the second may find the first done and do what is left.
    """
    first = trial.start()
    first_ended = first.ended(trial.moment())
    second = outcome(trial.stages.warm.start(tasks.step, trial.home.path, "refresh"))
    ended = first_ended.outcome if first_ended else outcome(first)
    return "done" if ended == "done" and second in ("HomeBusy", "done") else f"{ended}, second: {second}"


def next_files(trial: Trial) -> list[Path]:
    """The files of the delivery that is due."""
    return entries(trial.home.landing / tasks.NEXT_DELIVERY)


def delivery_cut(trial: Trial) -> str:
    """A delivery is still being copied in: one file is cut somewhere; the rest of it follows at some moment."""
    path = trial.chance.choice(next_files(trial))
    whole = path.read_bytes()
    path.write_bytes(whole[: trial.chance.randrange(len(whole))])
    try:
        return trial.run_until(lambda _work: write_rest(path, whole))
    finally:
        write_rest(path, whole)


def write_rest(path: Path, whole: bytes) -> None:
    """Append what is missing of a file."""
    with path.open("ab") as file:
        file.write(whole[file.tell() :])


def delivery_changing(trial: Trial) -> str:
    """A file changes, or is gone for a moment, while it is loaded; then it is as it was."""
    path = trial.chance.choice(next_files(trial))
    whole, lines = path.read_bytes(), path.read_bytes().splitlines(keepends=True)
    aside = path.with_name(f".{path.name}")

    def change(_work: Work) -> None:
        if trial.chance.random() < 0.5:
            path.rename(aside)
        else:
            path.write_bytes(b"".join(lines[: 1 + len(lines) // 2]))

    try:
        return trial.run_until(change)
    finally:
        path.unlink(missing_ok=True)
        aside.unlink(missing_ok=True)
        path.write_bytes(whole)


def rights_lost(trial: Trial) -> str:
    """At some moment a folder can no longer be written; later it can again."""
    folder = trial.chance.choice((trial.home.work, trial.home.releases, trial.home.path))
    mode = folder.stat().st_mode
    try:
        return trial.run_until(lambda _work: folder.chmod(0o500), OrdinaryUser())
    finally:
        folder.chmod(mode)


def results_read_only(trial: Trial) -> str:
    """Nothing of what is published can be written, the folder of releases only where a release is made."""
    places = [trial.home.current.resolve(), *trial.home.current.resolve().rglob("*")]
    places = [place for place in places if not place.is_symlink()]
    modes = {place: place.stat().st_mode for place in places}
    for place in places:
        place.chmod(0o500 if place.is_dir() else 0o400)
    try:
        return trial.run(OrdinaryUser())
    finally:
        for place, mode in modes.items():
            if place.exists():
                place.chmod(mode)


def left_overs(trial: Trial) -> str:
    """What killed processes may leave, all of it at once: locks, candidates, spilled rows, half of everything."""
    home, work = trial.home, trial.home.work
    home.create()
    (work / "writer.lock").write_text("999999")
    (work / "runs").mkdir(exist_ok=True)
    (work / "runs" / "dead").touch()
    for name in ("candidate.duckdb", "candidate-variant.duckdb"):
        for path in (work / name, work / f"{name}.wal"):
            path.write_bytes(home.warehouse.read_bytes()[:4096])
    folders = ("candidate.duckdb.tmp", "release-2020/site", "report-2020/site", "diff-aaaa", "gone-aaaa")
    for folder in (*folders, "dbt/spill", "dbt/logs"):
        (work / folder).mkdir(parents=True, exist_ok=True)
        (work / folder / "half").write_text("half")
    for link in (home.current, home.results, home.site, home.current.resolve() / "report"):
        link.with_name(f".{link.name}.new").symlink_to("nowhere")
    for path in (*(work / "dbt").glob("target/*.json"), *(work / "dbt").glob("target/*.msgpack")):
        os.truncate(path, path.stat().st_size // 2)
    shutil.rmtree(work / "data_docs", ignore_errors=True)
    home.operations.write_text(yaml.safe_dump({"keep": {"log_days": 400}}))
    home.operations.chmod(0o600)
    home.refusals.write_text('{"run_id": "20200101T000000Z-aaaaaa", "refused_at": "2020')
    return trial.run()


def work_gone(trial: Trial) -> str:
    """At some moment someone clears the folder of scratch."""
    return trial.run_until(lambda _work: shutil.rmtree(trial.home.work, ignore_errors=True))


def temp_gone(trial: Trial) -> str:
    """The machine's folder for temporary files is not there."""
    return trial.run(Environment("TMPDIR", str(trial.home.path / "nowhere")))


def clock_set_back(trial: Trial) -> str:
    """Everything done so far bears times a year from now."""
    trial.stages.warm.value(tasks.make_later, trial.home.path)
    return trial.run()


def opened_for_writing(trial: Trial) -> str:
    """A reader has opened the published database the careless way, as for writing, all the time."""
    with writing_reader(trial.stages.warm, trial.home):
        return trial.run()


def read_all_the_time(trial: Trial) -> str:
    """Readers read through the whole step, one holding its connection open: neither they nor the step fail."""
    stop = trial.home.path.with_name(f"{trial.home.path.name}-stop")
    readers = reading(trial.stages.warm, trial.home, stop)
    try:
        ended = trial.run()
    finally:
        stop.touch()
    ends = [reader.ended() for reader in readers]
    stop.unlink()
    again, held = (end.value for end in ends if end)
    if not (again and held and again.n_times and held.n_times and len(held.run_ids) == 1):
        return f"readers failed: {[end.error for end in ends if end]}"
    return ended


KILL = Kind("kill", kill, (*EVERY_STEP, "refresh"))
KINDS = (
    Kind("power cut", power_cut),
    Kind("terminate", terminate),
    Kind("kill of dbt alone", kill_dbt, ("build",)),
    Kind("full disk", full_disk),
    Kind("file size limit", file_limit),
    Kind("out of memory", little_memory, may_stick=True),  # where DuckDB cannot start a thread it waits for ever
    Kind("little memory for dbt", little_memory_for_dbt, ("build",)),
    Kind("second refresh", second_refresh, must_complete=True),
    Kind("delivery cut", delivery_cut, ("load",)),
    Kind("delivery changing", delivery_changing, ("load",)),
    Kind("rights lost", rights_lost),
    Kind("results read-only", results_read_only, EVERY_STEP[:-1], must_complete=True),
    Kind("left-overs", left_overs, must_complete=True),
    Kind("scratch gone", work_gone),
    Kind("temporary folder gone", temp_gone, must_complete=True),
    Kind("clock set back", clock_set_back, must_complete=True),
    Kind("read all the time", read_all_the_time, must_complete=True),
    Kind("opened for writing", opened_for_writing, must_complete=True),
)
