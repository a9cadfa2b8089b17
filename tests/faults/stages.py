"""Home directories at every stage of a year's load, to be disturbed in copies, and what an undisturbed run ends in.

Stages: a release of the years before with the next delivery landed, then after each step. Belongs here: making and
copying them. Does not belong here: disturbing them (`faults`).
"""

import shutil
import time
from pathlib import Path

from flows.home import Home
from tests.faults import published, tasks
from tests.faults.published import State
from tests.faults.warm import WarmParent

# The stage a step begins at: the step after which the home directory was put aside.
BEGINS_AFTER = {
    "load": "land",
    "build": "load",
    "validate": "build",
    "estimate": "build",
    "publish": "estimate",
    "report": "publish",
    "refresh": "land",
}


class Stages:
    """The stages, how long each step takes undisturbed (seconds), and the state everything must end in."""

    def __init__(self, warm: WarmParent, folder: Path, persons: int) -> None:
        self.warm, self.folder = warm, folder
        self.deliveries = folder / "all"
        self.seconds: dict[str, float] = {}
        self.copies = 0
        warm.value(tasks.make_deliveries, self.deliveries, persons)
        home = Home(folder / "stage-base")
        home.create()
        for delivery in sorted(self.deliveries.glob("delivery_*")):
            if delivery.name != tasks.NEXT_DELIVERY:
                shutil.copytree(delivery, home.landing / delivery.name)
        warm.value(tasks.step, home.path, "refresh")
        self.before = warm.value(published.state, home.path)
        self._make_stages(home)
        self.after: State = warm.value(published.state, self.stage("publish"))

    def _make_stages(self, base: Home) -> None:
        """Every step once, undisturbed, on a copy of the stage before."""
        self._copy(base.path, self.stage("land"))
        shutil.copytree(self.deliveries / tasks.NEXT_DELIVERY, Home(self.stage("land")).landing / tasks.NEXT_DELIVERY)
        for step in ("load", "build", "validate", "estimate", "publish", "report"):
            self._copy(self.stage(BEGINS_AFTER[step]), self.stage(step))
            self.seconds[step] = self._timed(self.stage(step), step)
        copy = self.copy_for("refresh")
        self.seconds["refresh"] = self._timed(copy, "refresh")
        shutil.rmtree(copy)

    def _timed(self, home: Path, step: str) -> float:
        start = time.monotonic()
        self.warm.value(tasks.step, home, step)
        return time.monotonic() - start

    def stage(self, after: str) -> Path:
        """The home directory put aside after a step."""
        return self.folder / f"stage-{after}"

    def copy_for(self, step: str) -> Path:
        """A fresh home directory in which a step is to be run."""
        self.copies += 1
        copy = self.folder / f"home-{self.copies}"
        self._copy(self.stage(BEGINS_AFTER[step]), copy)
        return copy

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        shutil.copytree(source, target, symlinks=True)
