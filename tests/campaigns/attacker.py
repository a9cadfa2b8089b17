"""An attacker against disclosure control: bounds on every withheld count over random tables and sequences of releases.

    python -m tests.campaigns.attacker --tables 10000

The attacker knows the margins, the rounding and the threshold, what estimates tell of counts, which columns were merged
or split, which counts and sums of them are the same in which releases (more than anyone can know), and, where it is so,
that persons were only added or only removed between two releases. It shares no code with what it attacks but the form
of a table.
"""

import argparse
import collections
import itertools
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from models_py.counts import Key, KeyMargin
from models_py.level_sums import tie
from models_py.published_levels import names_of, renamed
from models_py.release_protection import protect_release
from models_py.study import Disclosure, load_study
from models_py.told import Told
from tests.campaigns.random_releases import Columns, World, random_world, successors, system_of

# Where keys have a column.
COLUMN_PLACES = (("cell", 2), ("column", 1))
Fault = tuple[str, Key, tuple[float, float], int]
STUDY = Path(__file__).parents[2] / "study.yml"
# The specification may change between releases, and each tells what its own rules say.
SHARE_OF_OTHER_RULES = 0.15
OTHER_RULES = tuple(
    {"threshold": threshold, "rounding_base": base} for threshold, base in ((5, 5), (10, 5), (10, 10), (5, 10), (3, 3))
)


@dataclass
class Release:
    """A release as made: true counts, and what readers see of them, by keys in which a column is what it stands for."""

    counts: dict[Key, int]
    margins: list[KeyMargin]
    shown: dict[Key, int | None]
    before: dict[Key, int]
    rule: Disclosure
    at_least: dict[Key, int]
    sums: list[tuple[Key, list[Key]]] = field(default_factory=list)

    def with_sums(self) -> dict[Key, int]:
        return self.counts | {total: sum(self.counts[part] for part in parts) for total, parts in self.sums}

    def silent(self) -> "Release":
        """The same, had it shown nothing."""
        return replace(self, shown=dict.fromkeys(self.counts))

    def interval(self, key: Key) -> tuple[float, float]:
        """What it shows of a count, by the rules it was made by."""
        shown = self.shown[key]
        return (
            (self.at_least.get(key, 0), np.inf)
            if shown is None
            else shown_interval(shown, self.before.get(key), self.rule)
        )


# A release, what it told by its own labels, and what these stood for.
Published = tuple[Release, Told, Columns]


@dataclass
class Game:
    """Unknowns, equations and bounds, and the points found so far, which lie within all that is possible."""

    low: dict[object, float] = field(default_factory=dict)
    high: dict[object, float] = field(default_factory=dict)
    equations: dict[tuple[object, ...], float] = field(default_factory=dict)

    def unknown(self, name: object, low: float, high: float) -> None:
        self.low[name] = max(low, self.low.get(name, 0.0 if low >= 0 else low))
        self.high[name] = min(high, self.high.get(name, np.inf))

    def sums(self, parts: list[object], totals: list[object], known: float) -> None:
        self.equations[(frozenset(parts), frozenset(totals))] = known

    def solver(self) -> "Solver":
        return Solver(self)


class Solver:
    """Least and most of each unknown."""

    def __init__(self, game: Game) -> None:
        self.names = list(game.low)
        at = {name: i for i, name in enumerate(self.names)}
        A = np.zeros((len(game.equations), len(self.names)))
        for row, (parts, totals) in zip(A, game.equations, strict=True):
            row[[at[name] for name in parts]] = 1
            row[[at[name] for name in totals]] = -1
        self.A, self.b, self.at = csr_array(A), np.array(list(game.equations.values())), at
        self.bounds = Bounds([game.low[name] for name in self.names], [game.high[name] for name in self.names])
        self.points: list[np.ndarray] = []

    def end(self, objective: np.ndarray) -> np.ndarray | None:
        """The point at an objective's least; None if it has none."""
        found = milp(objective, constraints=LinearConstraint(self.A, self.b, self.b), bounds=self.bounds)
        if found.status != 0:
            assert found.status in (2, 3, 4), found.message
            return None
        self.points.append(found.x)
        return np.asarray(found.x)

    def interval(self, name: object) -> tuple[float, float]:
        unit = np.zeros(len(self.names))
        unit[self.at[name]] = 1
        low, high = self.end(unit), self.end(-unit)
        least = -np.inf if low is None else np.ceil(low[self.at[name]] - 1e-6)
        return float(least), float(np.inf if high is None else np.floor(high[self.at[name]] + 1e-6))

    def seen(self, name: object) -> tuple[float, float]:
        values = [point[self.at[name]] for point in self.points]
        return float(np.ceil(min(values) - 1e-6)), float(np.floor(max(values) + 1e-6))


def shown_interval(shown: int, before: int | None, rule: Disclosure) -> tuple[int, int]:
    """All whole numbers that are published as this after `before`, found by trying."""
    fits = []
    for n in range(rule.threshold, shown + 50):
        is_kept = before is not None and before >= rule.threshold and abs(n - before) < rule.threshold
        if (before if is_kept else int(n / rule.rounding_base + 0.5) * rule.rounding_base) == shown:
            fits.append(n)
    return fits[0], fits[-1]


def may_be_known(low: float, high: float, rule: Disclosure) -> bool:
    return (low <= 0 and high >= rule.threshold - 1) or high - low >= rule.protection_width


def with_oracle(releases: list[Release], rule: Disclosure) -> list[Fault]:
    """All releases together, counts that are the same in two of them being one unknown.

    What is known as well when the last release shows nothing, only what is public anyway, is none of its doing.
    """
    solver, hidden = oracle(releases)
    faults: list[Fault] = []
    for key, count in hidden:
        if may_be_known(*solver.seen((key, count)), rule):
            continue
        interval = solver.interval((key, count))
        assert interval[0] <= count <= interval[1], "the attacker is wrong"
        if not may_be_known(*interval, rule):
            without, _ = oracle([*releases[:-1], releases[-1].silent()])
            what = "known anyway" if without.interval((key, count)) == interval else "withheld count"
            faults.append((what, key, interval, count))
    return faults


def oracle(releases: list[Release]) -> tuple[Solver, list[tuple[Key, int]]]:
    """The unknowns, and those of them that no release shows."""
    game, shown, counted = Game(), set(), set()
    releases = [summed(release, releases) for release in releases]
    for release in releases:
        for key, count in release.counts.items():
            game.unknown((key, count), *release.interval(key))
            counted.add((key, count))
            if release.shown[key] is not None:
                shown.add((key, count))
        for total, parts in release.margins:
            totals: list[object] = [] if total is None else [(total, release.counts[total])]
            known = sum(release.counts[part] for part in parts) if total is None else 0
            game.sums([(part, release.counts[part]) for part in parts], totals, known)
        for total, parts in release.sums:
            name = total, release.with_sums()[total]
            game.unknown(name, 0, np.inf)
            game.sums([(part, release.counts[part]) for part in parts], [name], 0)
    solver = game.solver()
    solver.end(np.zeros(len(solver.names)))
    return solver, sorted(counted - shown, key=str)


def summed(release: Release, others: list[Release]) -> Release:
    """A release with those counts of others that are sums of its own, columns having been merged or split."""
    own: dict[Key, list[Key]] = collections.defaultdict(list)
    for key in release.counts:
        own[without_finest(key)].append(key)
    sums = []
    for total in {key for other in others for key in other.counts if key not in release.counts}:
        parts = [key for key in own[without_finest(total)] if finest_of(key) <= finest_of(total)]
        if parts and set().union(*map(finest_of, parts)) == finest_of(total):
            sums.append((total, parts))
    return replace(release, sums=sums)


def finest_of(key: Key) -> set[tuple[str, ...]]:
    """What a count is of: what its column stands for, or each pair of what two of its levels do."""
    return set(itertools.product(*(part for part in key if isinstance(part, frozenset))))


def without_finest(key: Key) -> Key:
    return tuple(None if isinstance(part, frozenset) else part for part in key)


def with_nesting(before: Release, after: Release, rule: Disclosure) -> list[Fault]:
    """Two releases of which it is known that persons were only added, or only removed, where that is so."""
    before, after = summed(before, [after]), summed(after, [before])
    then, now = before.with_sums(), after.with_sums()
    common = [key for key in then if key in now]
    changes = [now[key] - then[key] for key in common]
    if not any(changes) or (min(changes) < 0 < max(changes)):
        return []
    grew = max(changes) > 0
    old, new = (before, after) if grew else (after, before)
    solver, without = nesting(old, new, common), None
    faults: list[Fault] = []
    for name in solver.names:
        when, key = name  # type: ignore[misc]
        more, fewer = new.with_sums().get(key, 0), old.with_sums().get(key, 0)
        count = {"change": more - fewer, "new": more, "old": fewer}[when]
        if when == "change":
            allowed = change_may_be_known
        elif {"old": old, "new": new}[when].shown.get(key, 0) is None:
            allowed = may_be_known
        else:
            continue
        if allowed(*solver.seen(name), rule):
            continue
        interval = solver.interval(name)
        if not allowed(*interval, rule):
            without = without or nesting(*((old, new.silent()) if grew else (old.silent(), new)), common)
            what = "known anyway" if without.interval(name) == interval else f"nested releases, {when}"
            faults.append((what, key, interval, count))
    return faults


def change_may_be_known(low: float, high: float, rule: Disclosure) -> bool:
    return low <= 0 or high >= rule.threshold


def nesting(old: Release, new: Release, common: list[Key]) -> Solver:
    """The unknowns of both and the persons that the new one has more."""
    game = Game()
    for when, release in (("old", old), ("new", new)):
        for key in release.counts:
            game.unknown((when, key), *release.interval(key))
        for total, parts in release.margins:
            known = sum(release.counts[part] for part in parts) if total is None else 0
            game.sums([(when, part) for part in parts], [] if total is None else [(when, total)], known)
        for total, parts in release.sums:
            game.unknown((when, total), 0, np.inf)
            game.sums([(when, part) for part in parts], [(when, total)], 0)
    for key in common:
        game.unknown(("change", key), 0, np.inf)
        game.sums([("old", key), ("change", key)], [("new", key)], 0)
    solver = game.solver()
    solver.end(np.array([float(name[0] == "change") for name in solver.names]))  # type: ignore[index]
    return solver


def publish(world: World, earlier: list[Published], rule: Disclosure) -> tuple[Release, Published, int]:
    """A release, what it tells, and how many counts were withheld for the attacks' sake."""
    system, columns = system_of(world), world.columns
    names = [{place: names_of(theirs, columns) for place in COLUMN_PLACES} for _, _, theirs in earlier]
    told_today = [renamed(told, of_columns) for (_, told, _), of_columns in zip(earlier, names, strict=True)]
    protection = protect_release(system, tie(system, told_today, dict.fromkeys(COLUMN_PLACES, columns)), rule)
    before = {key: n for release, _, _ in earlier for key, n in release.shown.items() if n is not None}

    def by_column(key: Key) -> Key:
        return tuple(columns[part] if isinstance(part, str) and part in columns else part for part in key)

    release = Release(
        {by_column(key): n for key, n in system.counts.items()},
        [(None if total is None else by_column(total), list(map(by_column, parts))) for total, parts in system.margins],
        {by_column(key): n for key, n in protection.shown.items()},
        before,
        rule,
        {by_column(key): n for key, n in system.at_least.items()},
    )
    intervals = {key: None if n is None else release.interval(by_column(key)) for key, n in protection.shown.items()}
    for key, count in system.counts.items():
        interval = intervals[key]
        assert interval is None or interval[0] <= count <= interval[1], "published as something else"
    name = f"release {len(earlier) + 1}"
    told = Told(name, protection.shown, intervals, system.margins, system.counts, system.at_least)
    return release, (release, told, columns), len(protection.attacks)


def play(seed: int, rule: Disclosure) -> tuple[collections.Counter[str], list[tuple[str, Fault]]]:
    """One random table and its successors, published and attacked one after another."""
    rng = np.random.default_rng(seed)
    world, count, faults = random_world(rng), collections.Counter[str](), []
    n_more = int(rng.choice([0, 1, 2, 3], p=[0.4, 0.3, 0.2, 0.1]))
    releases: list[Release] = []
    earlier: list[Published] = []
    history = ["first"]
    for event, state in [("first", world), *successors(world, n_more, rng)]:
        if rng.random() < SHARE_OF_OTHER_RULES:
            rule = rule.model_copy(update=OTHER_RULES[rng.integers(len(OTHER_RULES))])
            event = f"{event}, threshold {rule.threshold}, base {rule.rounding_base}"
        history.append(event)
        release, told, n_unlocked = publish(state, earlier, rule)
        releases.append(release)
        earlier.append(told)
        count["counts"] += len(release.shown)
        count["withheld"] += sum(shown is None for shown in release.shown.values())
        count["below the threshold"] += sum(number < rule.threshold for number in release.counts.values())
        count["withheld for an attack"] += n_unlocked
        found = with_oracle(releases, rule)
        found += [fault for before in releases[:-1] for fault in with_nesting(before, release, rule)]
        count["known anyway"] += sum(fault[0] == "known anyway" for fault in found)
        faults += [(f"seed {seed}, {' → '.join(history[1:])}", f) for f in found if f[0] != "known anyway"]
    regrouped = {id(columns): columns for _, _, columns in earlier}
    count["columns merged or split"] = len(regrouped) - 1
    count |= collections.Counter({"tables": 1, "releases": len(releases), "sequences": int(n_more > 0)})
    return count, faults


def campaign(
    n_tables: int, seed: int, rule: Disclosure, workers: int
) -> tuple[collections.Counter[str], list[tuple[str, Fault]]]:
    """Many tables: totals, and every count that is known better than the rule allows."""
    count: collections.Counter[str] = collections.Counter()
    faults: list[tuple[str, Fault]] = []
    # An executor, not a pool: it raises where a worker is killed, and a campaign cut short is not one that has held.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as executor:
        seeds = range(seed, seed + n_tables)
        for one, found in executor.map(play, seeds, itertools.repeat(rule), chunksize=20):
            count.update(one)
            faults += found
            if count["tables"] % 500 == 0:
                print(f"{count['tables']:,} tables, {len(faults)} faults", file=sys.stderr, flush=True)
    return count, faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    start = time.perf_counter()
    count, faults = campaign(options.tables, options.seed, load_study(STUDY).disclosure, options.workers)
    for name, number in count.items():
        print(f"{number:>10,}  {name}")
    for where, (what, key, interval, true) in faults[:20]:
        print(f"{where}: {what} {key} is {true} and known to lie in {interval}")
    print(f"{len(faults):>10,}  known better than the rule allows; {time.perf_counter() - start:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
