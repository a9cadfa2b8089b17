"""Random tables of counts and what happens to them from release to release.

Belongs here: making tables, their margins and their successors. Does not belong here: publishing or attacking them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from models_py.counts import CountSystem, Key, KeyMargin

# Mean counts of a cell: of a municipality, of a small group, of a larger one.
SCALES = (1.0, 3.0, 8.0, 25.0, 120.0)
FIRST_YEAR = 2015


@dataclass
class World:
    """Counts by row, column and year, (rows, columns, years), whether each year's total is public, and whether a row is
    estimated where it has persons in each column, which tells that it has.
    """

    counts: np.ndarray
    totals_are_public: bool
    is_estimated: bool
    dropped: list[np.ndarray] = field(default_factory=list)


def random_world(rng: np.random.Generator) -> World:
    """2 to 4 rows, 2 to 3 columns, 1 to 3 years; rows and columns of unlike size, many zeros."""
    shape = (int(rng.integers(2, 5)), int(rng.integers(2, 4)), int(rng.integers(1, 4)))
    mean = rng.choice(SCALES) * rng.gamma(1.0, size=(shape[0], 1, 1)) * rng.gamma(1.5, size=(1, shape[1], 1))
    return World(rng.poisson(np.broadcast_to(mean, shape)), bool(rng.random() < 0.3), bool(rng.random() < 0.5))


def system_of(world: World) -> CountSystem:
    """All counts with their margins: rows, columns and everything in each year, and every cell over the years."""
    rows, columns, years = world.counts.shape
    span = (FIRST_YEAR, FIRST_YEAR + years - 1)
    system = CountSystem()

    def add(key: Key, count: int, parts: list[Key] | None = None) -> None:
        system.counts[key] = int(count)
        if parts is not None:
            system.margins.append((key, parts))

    for y in range(years):
        year, of_year = FIRST_YEAR + y, world.counts[:, :, y]
        for i in range(rows):
            for j in range(columns):
                add(("cell", i, j, year), of_year[i, j])
        for i in range(rows):
            add(("row", i, year), of_year[i].sum(), [("cell", i, j, year) for j in range(columns)])
        for j in range(columns):
            add(("column", j, year), of_year[:, j].sum(), [("cell", i, j, year) for i in range(rows)])
        over_rows: list[Key] = [("row", i, year) for i in range(rows)]
        over_columns: list[Key] = [("column", j, year) for j in range(columns)]
        if world.totals_are_public and of_year.sum() >= 30:
            margins: list[KeyMargin] = [(None, over_rows), (None, over_columns)]
            system.margins += margins
        else:
            add(("all", year), of_year.sum(), over_rows)
            system.margins.append((("all", year), over_columns))
    for i in range(rows):
        for j in range(columns):
            over_years: list[Key] = [("cell", i, j, FIRST_YEAR + y) for y in range(years)]
            add(("cell", i, j, span), world.counts[i, j].sum(), over_years)
        of_row: list[Key] = [("cell", i, j, span) for j in range(columns)]
        if world.is_estimated and all(system.counts[key] for key in of_row):
            system.at_least |= dict.fromkeys(of_row, 1)
    return system


def successors(world: World, n: int, rng: np.random.Generator) -> Iterator[tuple[str, World]]:
    """What the next releases are of, one event after another."""
    for _ in range(n):
        event = str(rng.choice(["nothing", "few persons", "a move", "a year more", "withdrawn", "wider", "narrower"]))
        world = _after(event, world, rng)
        yield event, world


def _after(event: str, world: World, rng: np.random.Generator) -> World:
    counts, dropped = world.counts.copy(), list(world.dropped)
    rows, columns, years = counts.shape

    def anywhere() -> tuple[int, int, int]:
        return int(rng.integers(rows)), int(rng.integers(columns)), int(rng.integers(years))

    if event == "few persons":
        for _ in range(int(rng.integers(1, 4))):
            cell = anywhere()
            counts[cell] = max(counts[cell] + rng.integers(-3, 4), 0)
    elif event == "a move":
        source, target = anywhere(), anywhere()
        moved = min(int(rng.integers(1, 3)), int(counts[source]))
        counts[source] -= moved
        counts[target] += moved
    elif event == "a year more":
        fresh = dropped.pop() if dropped else rng.poisson(counts.mean(axis=2) + 0.3)
        counts = np.concatenate([counts, fresh[:, :, None]], axis=2)
    elif event == "withdrawn" and years > 1:
        dropped.append(counts[:, :, -1])
        counts = counts[:, :, :-1]
    elif event == "wider":
        counts = counts + rng.poisson(rng.choice([0.2, 1.0, 4.0]), size=counts.shape)
    elif event == "narrower":
        counts = rng.binomial(counts, rng.choice([0.7, 0.95]))
    return World(counts, world.totals_are_public, world.is_estimated, dropped)
