"""Retention: delete old releases and logs as the operators' settings say, and what killed processes left behind.

Belongs here: what lies in the home directory. Does not belong here: Prefect's run history, which its server clears
itself (`ops/prefect-server.env`). The numbers of a deleted release stay in `history.*` of the releases that are kept.
"""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.candidate import SPARK_FOLDER, clear_left_overs, commit_file, remove, sole_writer
from flows.home import Home
from flows.log import step
from flows.operations import load_operations
from models_py.earlier_releases import runs_in_history

# Scratch folders: copies made by `diff`, and releases being deleted. Only a killed process leaves one this long.
SCRATCH = ("diff-*", "gone-*")
SCRATCH_SECONDS = 24 * 3600


def tidy(home: Home) -> None:
    """Delete what the settings do not keep.

    Raises:
        HomeBusy: another process is working here.
        OperationsError: the settings cannot be read.
    """
    keep = load_operations(home).keep
    with sole_writer(home):
        clear_left_overs(home)
        scratch = list(left_over(home))
        for path in scratch:
            for spark in path.glob(f"{SPARK_FOLDER}*"):  # may be a link: what it leads to goes too
                remove(spark)
            shutil.rmtree(path)
        gone = list(superfluous(home, keep.releases)) if keep.releases else []
        for release in gone:
            delete_release(home, release)
        if keep.log_days:
            trim_logs(home, datetime.now(UTC) - timedelta(days=keep.log_days))
    if gone or scratch:
        with step("tidy") as said:
            said.append(f"{len(gone)} old releases, {len(scratch)} folders of scratch deleted")


def left_over(home: Home) -> Iterator[Path]:
    """Folders of scratch that nobody can be working in any more."""
    for pattern in SCRATCH:
        yield from (path for path in home.work.glob(pattern) if time.time() - path.stat().st_mtime > SCRATCH_SECONDS)


def superfluous(home: Home, number: int) -> Iterator[Path]:
    """All but the newest releases; the current one, and any that a link leads to, are never among them.

    The history of the last publication says which are newest, because clocks can be set back. A release that is not in
    it is not counted and stays: a crash may have kept it from being published, or it came back from a back-up.
    """
    linked = {link.resolve() for folder in (home.path, home.releases) for link in folder.iterdir() if link.is_symlink()}
    places = {run_id: place for place, run_id in enumerate(published_runs(home))}
    folders = (path for path in home.releases.iterdir() if path.is_dir() and not path.is_symlink())
    known = (path for path in folders if not places or path.name in places)
    releases = sorted(known, key=lambda path: (places.get(path.name, 0), path.name))
    for release in releases[:-number]:
        if not any(target == release or release in target.parents for target in linked):
            yield release


def published_runs(home: Home) -> list[str]:
    """Every release that readers have had, oldest first; none before the first."""
    results = home.last_published / "results.duckdb"
    return runs_in_history(results) if results.exists() else []


def delete_release(home: Home, release: Path) -> None:
    """Move a release away in one step, then delete it: so nobody ever sees a part of it."""
    gone = home.work / f"gone-{release.name}"
    release.rename(gone)
    shutil.rmtree(gone)


def is_kept(line: bytes, oldest: datetime) -> bool:
    """Whether an entry is whole and young enough; a kill or a full disk may cut one short, even inside a character."""
    try:
        return datetime.fromisoformat(json.loads(line)["refused_at"]) >= oldest
    except (ValueError, KeyError, TypeError):
        return False


def trim_logs(home: Home, oldest: datetime) -> None:
    """Delete log files, and entries of refusals.jsonl, that are older."""
    for path in home.logs.iterdir():
        if path != home.refusals and path.is_file() and path.stat().st_mtime < oldest.timestamp():
            path.unlink()
    if home.refusals.exists():
        lines = home.refusals.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if is_kept(line, oldest)]
        if kept != lines:
            fresh = home.work / "refusals.jsonl"
            fresh.write_bytes(b"".join(kept))
            commit_file(fresh, home.refusals)
