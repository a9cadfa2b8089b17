"""Retention: what of old releases and logs goes, as the operators' settings say, and what killed processes left.

Belongs here: what lies in the home directory. Does not belong here: Prefect's run history, which its server clears
itself (`ops/prefect-server.env`). Numbers of a release that goes stay in `history.*` of those that are kept.
"""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.candidate import commit_file, sole_writer
from flows.home import Home
from flows.log import step
from flows.operations import load_operations

# Scratch that only a killed process leaves this long: copies of `diff`, and releases that were being deleted.
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
        scratch = list(left_over(home))
        for path in scratch:
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
    """All but the newest releases; the current one, and any that a link leads to, are never among them."""
    linked = {link.resolve() for folder in (home.path, home.releases) for link in folder.iterdir() if link.is_symlink()}
    releases = sorted(path for path in home.releases.iterdir() if path.is_dir() and not path.is_symlink())
    for release in releases[:-number]:
        if not any(target == release or release in target.parents for target in linked):
            yield release


def delete_release(home: Home, release: Path) -> None:
    """Take a release away in one step, then delete it: nobody ever sees a part of it."""
    gone = home.work / f"gone-{release.name}"
    release.rename(gone)
    shutil.rmtree(gone)


def is_kept(line: str, oldest: datetime) -> bool:
    """Whether an entry is whole and young enough; a kill or a full disk may have cut one short."""
    try:
        return datetime.fromisoformat(json.loads(line)["refused_at"]) >= oldest
    except json.JSONDecodeError:
        return False


def trim_logs(home: Home, oldest: datetime) -> None:
    """Delete log files, and entries of refusals.jsonl, that are older."""
    for path in home.logs.iterdir():
        if path != home.refusals and path.is_file() and path.stat().st_mtime < oldest.timestamp():
            path.unlink()
    if home.refusals.exists():
        lines = home.refusals.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if is_kept(line, oldest)]
        if kept != lines:
            fresh = home.work / "refusals.jsonl"
            fresh.write_text("".join(kept), encoding="utf-8")
            commit_file(fresh, home.refusals)
