"""Random tables of counts and what happens to them from release to release.

Belongs here: making tables, their margins and their successors. Does not belong here: publishing or attacking them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from models_py.counts import CountSystem, Key, KeyMargin

# Published columns: label → the finest columns that it stands for, by number.
Columns = dict[str, frozenset[str]]

# Mean counts of a cell: of a municipality, of a small group, of a larger one.
SCALES = (1.0, 3.0, 8.0, 25.0, 120.0)
FIRST_YEAR = 2015
EVENTS = ("nothing", "few persons", "a move", "a year more", "withdrawn", "wider", "narrower")
EVENTS += 2 * ("merge", "split")  # of which many cannot be, where columns are few


@dataclass
class World:
    """Counts by row, finest column and year, (rows, columns, years), whether each year's total is public, and whether a
    row is estimated where it has persons in each column, which tells that it has.

    `columns` are those that are published, each finest one by itself if none are named; `before` are those that were.
    """

    counts: np.ndarray
    totals_are_public: bool
    is_estimated: bool
    dropped: list[np.ndarray] = field(default_factory=list)
    columns: Columns = field(default_factory=dict)
    before: list[Columns] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = self.columns or {str(j): frozenset({str(j)}) for j in range(self.counts.shape[1])}

    def published(self) -> np.ndarray:
        """Counts by row, published column and year."""
        members = [[int(j) for j in finest] for finest in self.columns.values()]
        return np.stack([self.counts[:, finest].sum(axis=1) for finest in members], axis=1)


def random_world(rng: np.random.Generator) -> World:
    """2 to 4 rows, 2 to 5 columns, 1 to 3 years; rows, columns and often cells of unlike size, many zeros."""
    shape = (int(rng.integers(2, 5)), int(rng.integers(2, 6)), int(rng.integers(1, 4)))
    mean = rng.choice(SCALES) * rng.gamma(1.0, size=(shape[0], 1, 1)) * rng.gamma(1.5, size=(1, shape[1], 1))
    if rng.random() < 0.5:
        mean = mean * rng.gamma(1.0, size=shape)
    counts = rng.poisson(np.broadcast_to(mean, shape))
    world = World(counts, bool(rng.random() < 0.3), bool(rng.random() < 0.5))
    return _regrouped("merge", world, rng) if rng.random() < 0.3 else world


def system_of(world: World) -> CountSystem:
    """All counts with their margins: rows, columns and everything in each year, and every cell over the years."""
    counts = world.published()
    rows, _, years = counts.shape
    labels = list(world.columns)
    span = (FIRST_YEAR, FIRST_YEAR + years - 1)
    system = CountSystem()

    def add(key: Key, count: int, parts: list[Key] | None = None) -> None:
        system.counts[key] = int(count)
        if parts is not None:
            system.margins.append((key, parts))

    for y in range(years):
        year, of_year = FIRST_YEAR + y, counts[:, :, y]
        for i in range(rows):
            for j, label in enumerate(labels):
                add(("cell", i, label, year), of_year[i, j])
        for i in range(rows):
            add(("row", i, year), of_year[i].sum(), [("cell", i, label, year) for label in labels])
        for j, label in enumerate(labels):
            add(("column", label, year), of_year[:, j].sum(), [("cell", i, label, year) for i in range(rows)])
        over_rows: list[Key] = [("row", i, year) for i in range(rows)]
        over_columns: list[Key] = [("column", label, year) for label in labels]
        if world.totals_are_public and of_year.sum() >= 30:
            margins: list[KeyMargin] = [(None, over_rows), (None, over_columns)]
            system.margins += margins
        else:
            add(("all", year), of_year.sum(), over_rows)
            system.margins.append((("all", year), over_columns))
    for i in range(rows):
        for j, label in enumerate(labels):
            over_years: list[Key] = [("cell", i, label, FIRST_YEAR + y) for y in range(years)]
            add(("cell", i, label, span), counts[i, j].sum(), over_years)
        of_row: list[Key] = [("cell", i, label, span) for label in labels]
        if world.is_estimated and all(system.counts[key] for key in of_row):
            system.at_least |= dict.fromkeys(of_row, 1)
    return system


def successors(world: World, n: int, rng: np.random.Generator) -> Iterator[tuple[str, World]]:
    """What the next releases are of, one event after another."""
    for _ in range(n):
        event = str(rng.choice(EVENTS))
        world = _regrouped(event, world, rng) if event in ("merge", "split") else _after(event, world, rng)
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
    return replace(world, counts=counts, dropped=dropped)


def _regrouped(event: str, world: World, rng: np.random.Generator) -> World:
    """Two published columns as one, or one as two, such as cut across no column that was published before.

    Half the time a column keeps the label of another that it is made of or was a part of.
    """
    ways = [
        (old, new)
        for old, new in (_merges(world.columns) if event == "merge" else _splits(world.columns))
        if not any(_cross(one, other) for one in new for seen in world.before for other in seen.values())
    ]
    if not ways:
        return world
    old, new = ways[int(rng.integers(len(ways)))]
    labels = [f"{event} {len(world.before)}.{number}" for number in range(len(new))]
    if rng.random() < 0.5:
        labels[int(rng.integers(len(labels)))] = old[int(rng.integers(len(old)))]
    columns = {label: finest for label, finest in world.columns.items() if label not in old}
    columns |= dict(zip(labels, new, strict=True))
    return replace(world, columns=columns, before=[*world.before, world.columns])


Way = tuple[list[str], list[frozenset[str]]]


def _merges(columns: Columns) -> list[Way]:
    return [([a, b], [columns[a] | columns[b]]) for a, b in combinations(columns, 2) if len(columns) > 2]


def _splits(columns: Columns) -> list[Way]:
    return [
        ([label], [frozenset(part), finest - frozenset(part)])
        for label, finest in columns.items()
        for size in range(1, len(finest) // 2 + 1)
        for part in combinations(sorted(finest), size)
    ]


def _cross(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one & other) and not one <= other and not other <= one
