"""Small simulated Norways that several tests look at."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from synthetic import simulate
from synthetic.life import History, World, live, make_world
from synthetic.norway import Norway, read_norway
from synthetic.parameters import load_parameters
from synthetic.simulation import group_sizes
from synthetic.streams import Streams

FIRST, LAST = 2014, 2021


@dataclass(frozen=True)
class Extract:
    """A delivery's files as rows of lower-case columns, the key without its prefix."""

    folder: Path

    def rows(self, part: str) -> list[dict[str, str]]:
        (path,) = [file for file in self.folder.iterdir() if f"w21_1234_{part}" in file.name]
        with path.open(encoding="cp1252", newline="") as lines:
            return [
                {name.lower().removeprefix("w21_1234_"): value for name, value in row.items()}
                for row in csv.DictReader(lines, delimiter=";")
            ]


@pytest.fixture(scope="session")
def norway() -> Norway:
    return read_norway()


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Extract:
    """Without quirks."""
    out = tmp_path_factory.mktemp("plain")
    (folder,) = simulate(4000, (FIRST, LAST), 5, out, quirks=False)
    return Extract(folder)


@pytest.fixture(scope="session")
def quirky(tmp_path_factory: pytest.TempPathFactory) -> Extract:
    out = tmp_path_factory.mktemp("quirky")
    (folder,) = simulate(9000, (FIRST, LAST), 5, out, sampling="balanced")
    return Extract(folder)


@pytest.fixture(scope="session")
def country(norway: Norway) -> tuple[World, History]:
    """The lives of a population sample, without files."""
    world = make_world(load_parameters(), norway, balanced=False, quirks=True)
    return world, live(world, group_sizes(world, 40_000), FIRST, LAST, Streams(3, 0))
