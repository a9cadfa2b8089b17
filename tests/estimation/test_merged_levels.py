"""Levels that are merged, split or labelled anew between releases: no withheld count follows from their sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import duckdb
import numpy as np
import pytest

from models_py.counts import CountSystem, Key, fit_margins, rate_margins
from models_py.level_sums import tie
from models_py.published_levels import (
    VARIABLES,
    LevelsUnknown,
    Partition,
    carried,
    counted_levels,
    levels_today,
    named_today,
    partition_of,
    remember_levels,
    remembered_levels,
)
from models_py.release_protection import protect_release
from models_py.study import Study, Variable
from models_py.told import Told
from tests.campaigns.attacker import Release, with_nesting, with_oracle

YEARS = (2015, 2016)
# Mean counts of each outcome: most emigrations are few.
MEANS = {"stay": 200, "internal_move": 12, "emigration": 6}
Codes = Mapping[str, Sequence[str]]
FIVE: Codes = {"1": "1", "2": "2", "3": "3", "4": "4", "5": "5"}
NEW_LABEL: Codes = {"1": "1", "2": "2", "3": "3", "45": "45"}
KEPT_LABEL: Codes = {"1": "1", "2": "2", "3": "3", "5": "45"}
OTHERS_TOO: Codes = {"1": "1", "2": "23", "4": "45"}
TWO: Codes = {"1": "12", "2": "345"}
ONE_GROUP: Codes = {"immigrant": "B"}
GROUPS: Codes = {"immigrant": "B", "norwegian_born": "C", "native": "A"}
MERGED_GROUPS: Codes = {"immigrant": "BC", "native": "A"}


def with_levels(study: Study, groups: Codes, classes: Codes) -> Study:
    """The study with these codes behind groups and classes; nothing else is asked of it."""
    variables = {
        name: Variable(codes={level: tuple(codes) for level, codes in levels.items()})
        for name, levels in (("population_group", groups), ("centrality", classes))
    }
    return study.model_copy(update={"variables": study.variables.model_copy(update=variables)})


def random_persons(seed: int, group_codes: str) -> dict[tuple[str, str, int, str], int]:
    """Persons by group code, class code, year and outcome."""
    rng = np.random.default_rng(seed)
    return {
        (group, code, year, outcome): int(rng.poisson(MEANS[outcome] * rng.gamma(1.0)))
        for group, code, year, outcome in product(group_codes, "12345", YEARS, MEANS)
    }


def system_of(persons: dict[tuple[str, str, int, str], int], study: Study) -> CountSystem:
    """Rates and pooled fits, as `read_counts` has them."""
    levels, outcomes, system = levels_today(study), list(MEANS), CountSystem()
    groups, classes = levels["population_group"], levels["centrality"]
    for group, label, year, outcome in product(groups, classes, YEARS, outcomes):
        behind = product(groups[group], classes[label])
        system.counts["rate", group, label, year, outcome] = sum(persons[g, c, year, outcome] for g, c in behind)
    margins = rate_margins(groups, classes, YEARS, outcomes, YEARS)
    margins += [margin for group in groups for margin in fit_margins("pooled", group, classes, outcomes[1:], YEARS)]
    for total, parts in margins:
        system.counts[total] = sum(system.counts[part] for part in parts)
    system.margins = list(margins)
    return system


@dataclass
class Published:
    """A release: what it told by its own labels, what these stood for, and how an attacker sees it."""

    told: Told
    levels: dict[str, Partition]
    seen: Release


def publish(
    persons: dict[tuple[str, str, int, str], int], study: Study, earlier: list[Published], knowing: bool
) -> Published:
    """A release; not `knowing`, keys with other labels are other counts and those with the same label the same."""
    system, rule, levels = system_of(persons, study), study.disclosure, levels_today(study)
    told = [release.told for release in earlier]
    if knowing:
        told = [named_today(release.told, release.levels, study)[0] for release in earlier]
        told = tie(system, told, counted_levels(study))
    shown = protect_release(system, told, rule).shown
    before = {key: n for release in told for key, n in release.shown.items() if n is not None and key in shown}

    def by_codes(key: Key) -> Key:
        names = {place[1]: levels[variable] for place, variable in VARIABLES.items() if place[0] == key[0]}
        return tuple(names[i][str(part)] if i in names else part for i, part in enumerate(key))

    seen = Release(
        {by_codes(key): n for key, n in system.counts.items()},
        [(total and by_codes(total), [by_codes(part) for part in parts]) for total, parts in system.margins],
        {by_codes(key): n for key, n in shown.items()},
        {by_codes(key): n for key, n in before.items()},
        rule,
        {},
    )
    intervals = {key: None if n is None else seen.interval(by_codes(key)) for key, n in shown.items()}
    name = f"release {len(earlier) + 1}"
    return Published(Told(name, shown, intervals, system.margins, system.counts), levels, seen)


def known_too_well(study: Study, steps: Sequence[tuple[Codes, Codes]], seed: int, knowing: bool) -> list[Key]:
    """Withheld counts and changes that a sequence of releases of the same persons gives back."""
    persons = random_persons(seed, "".join(sorted("".join(map("".join, steps[0][0].values())))))
    earlier: list[Published] = []
    for groups, classes in steps:
        earlier.append(publish(persons, with_levels(study, groups, classes), earlier, knowing))
    seen = [release.seen for release in earlier]
    faults = with_oracle(seen, study.disclosure)
    faults += [fault for before in seen[:-1] for fault in with_nesting(before, seen[-1], study.disclosure)]
    return [key for what, key, _, _ in faults if what != "known anyway"]


SEQUENCES = {
    "a new label": [(ONE_GROUP, FIVE), (ONE_GROUP, NEW_LABEL)],
    "a kept label": [(ONE_GROUP, FIVE), (ONE_GROUP, KEPT_LABEL)],
    "split": [(ONE_GROUP, KEPT_LABEL), (ONE_GROUP, FIVE)],
    "there and back": [(ONE_GROUP, FIVE), (ONE_GROUP, NEW_LABEL), (ONE_GROUP, FIVE)],
    "twice": [(ONE_GROUP, FIVE), (ONE_GROUP, NEW_LABEL), (ONE_GROUP, OTHERS_TOO)],
    "groups": [(GROUPS, TWO), (MERGED_GROUPS, TWO)],
    "groups merged and classes split": [(GROUPS, TWO), (MERGED_GROUPS, FIVE)],
}


@pytest.mark.parametrize(
    ("sequence", "seed"),
    [
        ("a new label", 4),
        ("a kept label", 0),
        ("split", 0),
        ("twice", 2),
        ("groups", 2),
        ("groups merged and classes split", 2),
    ],
)
def test_sums_of_levels_give_nothing_back(study: Study, sequence: str, seed: int) -> None:
    assert known_too_well(study, SEQUENCES[sequence], seed, knowing=False)  # what labels alone would leave unprotected
    assert known_too_well(study, SEQUENCES[sequence], seed, knowing=True) == []


def test_levels_that_are_put_back_are_the_same_counts_again(study: Study) -> None:
    """What the first release withheld stays withheld, and what it published has the same value."""
    persons, earlier = random_persons(1, "B"), list[Published]()
    for groups, classes in SEQUENCES["there and back"]:
        earlier.append(publish(persons, with_levels(study, groups, classes), earlier, knowing=True))
    first, _, last = (release.told.shown for release in earlier)
    assert all(last[key] in (None, shown) for key, shown in first.items())
    assert all(last[key] is None for key, shown in first.items() if shown is None)


def test_another_label_of_the_same_codes_is_the_same_count(study: Study) -> None:
    keys: list[Key] = [("rate", "immigrant", "5", 2015, "stay"), ("fit", "pooled", "immigrant", None, YEARS)]
    told = Told("1", dict.fromkeys(keys, 20), {}, [])
    then = levels_today(with_levels(study, ONE_GROUP, FIVE))
    relabelled = with_levels(study, {"from abroad": "B"}, {"1": "1", "2": "2", "3": "3", "5": "4", "far": "5"})
    named, _ = named_today(told, then, relabelled)
    assert list(named.shown) == [
        ("rate", "from abroad", "far", 2015, "stay"),
        ("fit", "pooled", "from abroad", None, YEARS),
    ]


def test_a_code_that_is_new_or_gone_leaves_the_count_what_it_was() -> None:
    """As by a wider age window, there are persons more or fewer: the attacks on nested releases look at that."""
    one, four = frozenset("A"), frozenset("AEFG")
    other = frozenset("B")
    assert carried({"native": four, "immigrant": other}, {"native": one, "immigrant": other})["native"] == one
    assert carried({"native": one, "immigrant": other}, {"native": four, "immigrant": other})["native"] == four
    assert carried({"native": one}, {"native": one, "immigrant": other}) == {"native": one}


def test_levels_that_cut_across_earlier_ones_stop_publication(study: Study) -> None:
    then = levels_today(with_levels(study, ONE_GROUP, {"1": "12", "3": "345"}))
    with pytest.raises(LevelsUnknown, match=r"centrality '2' of study\.yml has parts of '1', '3', which release r "):
        named_today(Told("r", {}, {}, []), then, with_levels(study, ONE_GROUP, {"1": "1", "2": "23", "4": "45"}))


def test_a_release_that_does_not_say_has_todays_levels_or_stops_publication(study: Study) -> None:
    today = with_levels(study, ONE_GROUP, FIVE)
    told = Told("r", {("rate", "immigrant", level, 2015, "stay"): 20 for level in FIVE}, {}, [])
    assert named_today(told, None, today)[0].shown == told.shown
    for classes in (NEW_LABEL, {**FIVE, "6": "6"}):
        with pytest.raises(LevelsUnknown, match=r"release r is from before .*centrality.*publish once with the codes"):
            named_today(told, None, with_levels(study, ONE_GROUP, classes))


def test_codes_are_written_down_for_each_release_once(study: Study) -> None:
    """Those of a release from before they were written down become what they were taken for; later changes do not."""
    first, second = with_levels(study, ONE_GROUP, FIVE), with_levels(study, ONE_GROUP, KEPT_LABEL)
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as previous")
        for database, runs, of in (("previous", ["r1", "r2"], first), ("memory", ["r1", "r2", "r3"], second)):
            con.execute(f"use {database}")
            con.execute("create schema audit")
            con.execute("create schema history")
            con.execute("create table history.run as select unnest(?) as run_id", [runs])
            remember_levels(con, of)
        levels = remembered_levels(con)
    assert levels == {"r1": levels_today(first), "r2": levels_today(first), "r3": levels_today(second)}


def test_a_code_is_in_one_level_alone() -> None:
    """The first that lists it, as SQL takes it; a missing row and what no level lists are codes too."""
    variable = Variable(codes={"low": ("1", "2"), "high": ("2", "3"), "unknown": ("9",)}, missing="unknown")
    assert partition_of(variable) == {
        "low": {"1", "2"},
        "high": {"3"},
        "unknown": {"9", "(any other)"},
    }
