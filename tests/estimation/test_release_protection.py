"""What a release may tell beside the earlier ones: small cases by hand, and a short form of the attacker's campaign."""

import math
from dataclasses import replace

import duckdb
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from models_py.attacker import Attack, AttackFailed
from models_py.contributions import ContributionError, few_persons_keys
from models_py.counts import CountSystem, Key, told_by_estimates
from models_py.linear_program import LinearProgram
from models_py.protection import Kind, is_protected
from models_py.release_protection import Protection, protect_release, told_by_likelihood
from models_py.rounding import published_count, rounded_count, told_by_published
from models_py.study import Disclosure, Study
from models_py.tables import PUBLISHED_TABLES
from models_py.told import Told
from tests.campaigns.attacker import play, publish, with_oracle
from tests.campaigns.random_releases import World
from tests.estimation.test_disclosure import small_tables


@pytest.fixture
def rule(study: Study) -> Disclosure:
    return study.disclosure


def row_of(total: int | None, *parts: int, years: tuple[int, ...] = (2015,)) -> CountSystem:
    """A row of counts and its total; total None: the total is public."""
    cells: list[Key] = [("cell", i, years[0]) for i in range(len(parts))]
    counts = dict(zip(cells, parts, strict=True))
    if total is not None:
        counts["total", years[0]] = total
    return CountSystem(counts, [(None if total is None else ("total", years[0]), cells)])


def published(system: CountSystem, rule: Disclosure, earlier: list[Told]) -> tuple[Protection, Told]:
    protection = protect_release(system, earlier, rule)
    last = {key: n for told in earlier for key, n in told.shown.items() if n is not None}
    intervals = {k: None if n is None else told_by_published(n, last.get(k), rule) for k, n in protection.shown.items()}
    return protection, Told(str(len(earlier)), protection.shown, intervals, system.margins, dict(system.counts))


@pytest.mark.parametrize("seed", range(900_000, 900_040))
def test_the_attacker_finds_nothing(seed: int, rule: Disclosure) -> None:
    """`python -m tests.campaigns.attacker` does the same over 10,000 tables and sequences."""
    count, faults = play(seed, rule)
    assert count["tables"] == 1
    assert faults == []


@settings(max_examples=15, deadline=None)
@example(table=[[0, 0, 0, 0], [0, 0, 0, 5], [0, 5, 5, 5]], totals_are_public=False)  # suppression of sums is not enough
@given(table=small_tables, totals_are_public=st.booleans())
def test_no_small_count_of_any_table_is_known(study: Study, table: list[list[int]], totals_are_public: bool) -> None:
    rule = study.disclosure
    release, _, _ = publish(World(np.array(table)[:, :, None], totals_are_public, False), [], rule)
    assert [fault for fault in with_oracle([release], rule) if fault[0] != "known anyway"] == []


def test_the_attacker_finds_what_is_not_protected(rule: Disclosure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without secondary suppression the same campaign finds faults, so that it can fail."""
    monkeypatch.setattr("tests.campaigns.attacker.protect_release", threshold_alone)
    assert sum(len(play(seed, rule)[1]) for seed in range(900_000, 900_040)) > 5


def test_the_attacker_finds_what_estimates_tell(rule: Disclosure, monkeypatch: pytest.MonkeyPatch) -> None:
    """That every level has an event narrows withheld counts, so that protection has to know it."""
    monkeypatch.setattr("tests.campaigns.attacker.protect_release", without_estimates)
    assert any(play(seed, rule)[1] for seed in range(900_040, 900_060))


def test_the_attacker_finds_what_merged_and_split_columns_tell(
    rule: Disclosure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To protection that goes by labels: `test_merged_levels` shows it of rates, where it is common."""
    monkeypatch.setattr("tests.campaigns.attacker.tie", lambda _system, earlier, _levels: earlier)
    monkeypatch.setattr("tests.campaigns.attacker.names_of", lambda _then, _now: {})
    assert any(play(seed, rule)[1] for seed in range(900_188, 900_192))


def without_estimates(system: CountSystem, earlier: list[Told], rule: Disclosure) -> Protection:
    ignorant = [replace(told, at_least={}) for told in earlier]
    return protect_release(replace(system, at_least={}), ignorant, rule)


def test_a_fit_without_separation_tells_that_each_level_has_events() -> None:
    said = [
        ("immigrant", "1", "ok", "coefficients that rest on fewer than 5 events: emigration at sex=female"),
        ("native", "1", "ok", "estimates are bias-reduced (Firth-type), because the data separate"),
        ("norwegian_born", "1", "separation", "merge levels"),
    ]
    span = (2015, 2021)
    told = {("rate", "immigrant", "1", span, outcome): 1 for outcome in ("stay", "emigration")}
    assert told_by_estimates(said, ("stay", "emigration"), span) == told


def threshold_alone(system: CountSystem, earlier: list[Told], rule: Disclosure) -> Protection:
    nothing: frozenset[Key] = frozenset()
    shown = {key: rounded_count(count, rule) for key, count in system.counts.items()}
    last = {key: n for told in earlier for key, n in told.shown.items() if n is not None}
    shown = {key: n and published_count(system.counts[key], last.get(key), rule) for key, n in shown.items()}
    return Protection(shown, nothing, nothing, nothing, nothing, nothing, nothing, frozenset(), ())


def test_rounding_errors_that_all_point_one_way_are_seen(rule: Disclosure) -> None:
    """Two small counts and 7 + 7 + 12 are the public 33; published as 5 + 5 + 10 they leave the two 7 at most to share.

    Each can then be 0 to 7. Were the public total 27, both would be known to be 1 at most, so that more is withheld.
    """
    enough, _ = published(row_of(None, 3, 4, 7, 7, 12), rule, [])
    assert sum(shown is None for shown in enough.shown.values()) == 2
    few, _ = published(row_of(None, 1, 0, 7, 7, 12), rule, [])
    assert sum(shown is None for shown in few.shown.values()) == 3


def test_what_was_told_before_is_no_longer_worth_withholding(rule: Disclosure) -> None:
    """All but one part were told; the total of a later release gives the last away unless the total is withheld."""
    system = row_of(42, 3, 19, 20)
    first, told = published(system, rule, [])
    again, _ = published(system, rule, [told])
    assert again.shown == first.shown


def test_a_later_year_does_not_give_the_earlier_total_away(rule: Disclosure) -> None:
    """Totals over years differ by the new year: where its count is small, its part is no better known than withheld."""
    one: CountSystem = CountSystem(
        {("year", 2015): 50, ("all", (2015, 2015)): 50}, [(("all", (2015, 2015)), [("year", 2015)])]
    )
    both = CountSystem(
        {("year", 2015): 50, ("year", 2016): 2, ("all", (2015, 2016)): 52},
        [(("all", (2015, 2016)), [("year", 2015), ("year", 2016)])],
    )
    _, told = published(one, rule, [])
    after, _ = published(both, rule, [told])
    assert after.shown["year", 2016] is None
    total = after.shown["all", (2015, 2016)]
    assert total is None or (total + 2) - (50 - 2) >= rule.threshold - 1


@pytest.mark.parametrize(
    ("count", "before", "after"), [(14, 10, 10), (6, 10, 10), (15, 10, 15), (5, 10, 5), (4, 5, None)]
)
def test_a_small_change_keeps_the_published_value(rule: Disclosure, count: int, before: int, after: int | None) -> None:
    assert published_count(count, before, rule) == after


def test_a_value_below_a_raised_threshold_is_not_kept(rule: Disclosure) -> None:
    raised = rule.model_copy(update={"threshold": 10})
    assert published_count(11, 5, raised) == 10
    assert all((published_count(count, 5, raised) or 10) >= 10 for count in range(30))
    assert told_by_published(10, 5, raised) == (10, 12)


def test_no_visible_change_is_small(rule: Disclosure) -> None:
    """Whatever a count was, as long as it was published as `before`: if it shows, it can be of five persons or more."""
    for before in range(5, 60, 5):
        first = told_by_published(before, None, rule)
        for count in range(5, 80):
            after = published_count(count, before, rule)
            assert after is not None
            now = told_by_published(after, before, rule)
            assert now[0] <= count <= now[1]
            least, most = now[0] - first[1], now[1] - first[0]
            assert is_protected(Kind.CHANGE, (least, most), rule)


def test_what_was_withheld_stays_withheld(rule: Disclosure) -> None:
    _, told = published(row_of(42, 3, 19, 20), rule, [])
    hidden = {key for key, shown in told.shown.items() if shown is None}
    after, _ = published(row_of(45, 6, 19, 20), rule, [told])
    assert hidden <= after.withheld


def test_few_changed_persons_cost_nothing(rule: Disclosure) -> None:
    _, told = published(row_of(300, 100, 120, 80), rule, [])
    after, _ = published(row_of(302, 101, 121, 80), rule, [told])
    assert after.shown == told.shown


def test_an_earlier_release_whose_counts_are_forgotten_is_still_held_against(rule: Disclosure) -> None:
    _, told = published(row_of(42, 3, 19, 20), rule, [])
    after, _ = published(row_of(42, 3, 19, 20), rule, [replace(told, counts=None)])
    assert after.shown == told.shown


@pytest.mark.parametrize(
    ("interval", "allowed"), [((0, 4), True), ((0, 3), False), ((3, 7), True), ((4, 7), False), ((12, 16), True)]
)
def test_the_rule_on_withheld_counts(rule: Disclosure, interval: tuple[float, float], allowed: bool) -> None:
    assert is_protected(Kind.WITHHELD, interval, rule) == allowed


@pytest.mark.parametrize(
    ("interval", "allowed"), [((1, 4), False), ((-4, -1), False), ((0, 1), True), ((3, 9), True), ((5, 5), True)]
)
def test_the_rule_on_changes(rule: Disclosure, interval: tuple[float, float], allowed: bool) -> None:
    assert is_protected(Kind.CHANGE, interval, rule) == allowed


def test_the_log_likelihood_of_intercepts_narrows_the_counts() -> None:
    alone = [(998.0, 1002.0), (48.0, 52.0), (8.0, 12.0)]
    told = told_by_likelihood(alone, null_likelihood(998, 48, 8))
    assert all(low <= true <= high for (low, high), true in zip(told, (998, 48, 8), strict=True))
    assert told != alone
    assert told_by_likelihood(alone, -5000) == alone


def null_likelihood(n: int, *events: int) -> int:
    return round(sum(part * math.log(part / n) for part in (n - sum(events), *events)))


def test_a_log_likelihood_that_would_tell_a_small_change_is_withheld(rule: Disclosure) -> None:
    """1,002 person-years with 52 and 12 events: the whole-number log-likelihood gives the events exactly."""
    keys = (("n",), ("other",), ("event",))
    then = CountSystem(dict(zip(keys, (1002, 52, 12), strict=True)), [])
    first = protect_release(then, [], rule, {keys: null_likelihood(1002, 52, 12)})
    assert first.likelihoods == {keys}
    alone = [told_by_published(first.shown[key] or 0, None, rule) for key in keys]
    known = told_by_likelihood(alone, null_likelihood(1002, 52, 12))
    assert known[1:] == [(52, 52), (12, 12)]
    told = Told("1", first.shown, dict(zip(keys, known, strict=True)), [], then.counts)
    now = CountSystem(dict(zip(keys, (1002, 52, 13), strict=True)), [])
    second = protect_release(now, [told], rule, {keys: null_likelihood(1002, 52, 13)})
    assert second.likelihoods == frozenset()
    assert second.shown == first.shown
    same = protect_release(then, [told], rule, {keys: null_likelihood(1002, 52, 12)})
    assert same.likelihoods == {keys}


def test_a_solver_without_an_answer_stops_everything(rule: Disclosure, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Attack, objective: np.ndarray) -> None:
        raise AttackFailed("the solver gave no answer")

    monkeypatch.setattr(Attack, "solution", broken)
    with pytest.raises(AttackFailed):
        protect_release(row_of(42, 3, 19, 20), [], rule)


def panel_of(rows: list[tuple[int, int, str]]) -> duckdb.DuckDBPyConnection:
    """Person, year, outcome of immigrants in centrality 1."""
    con = duckdb.connect()
    con.execute("create schema marts")
    con.execute("create table marts.person_year (person_key bigint, year smallint, outcome varchar)")
    con.executemany("insert into marts.person_year values (?, ?, ?)", rows)
    con.execute("alter table marts.person_year add column population_group varchar default 'immigrant'")
    con.execute("alter table marts.person_year add column centrality varchar default '1'")
    count_rates(con)
    return con


def count_rates(con: duckdb.DuckDBPyConnection) -> None:
    """The panel's observed rates, as it stands."""
    con.execute("""
        create or replace table marts.observed_rate as
        select population_group, centrality, year, outcome, count(*) as n_events from marts.person_year group by all
    """)


def test_a_count_of_few_persons_over_many_years_is_withheld(study: Study) -> None:
    """Six moves are not six persons: two of them moved three times each."""
    rows = [(person, 2015 + year, "internal_move") for person in (1, 2) for year in range(3)]
    rows += [(person, 2015, "stay") for person in range(3, 40)]
    with panel_of(rows) as con:
        few = few_persons_keys(con, study, CountSystem(), (2015, 2017))
    assert few == {("rate", "immigrant", "1", (2015, 2017), "internal_move")}


def test_a_fit_on_events_of_few_persons_tells_no_number_of_them(study: Study) -> None:
    """Six emigrations by two persons, of whom each class has three; and as many in a fit that leaves rows out."""
    span = (2015, 2017)
    rows = [(person, 2015 + year, "emigration") for person in (1, 2) for year in range(3)]
    rows += [(person, 2015, "stay") for person in range(3, 400)]
    with panel_of(rows) as con:
        con.execute("update marts.person_year set centrality = '2' where person_key = 2")
        count_rates(con)
        rates = {("rate", "immigrant", centrality, span, "emigration"): 3 for centrality in ("1", "2")}
        fits = {("fit", "pooled", "immigrant", what, span): n for what, n in ((None, 403), ("emigration", 6))}
        left_out = {
            ("fit", "random_effects", "immigrant", what, span): n for what, n in ((None, 380), ("emigration", 5))
        }
        people = {("rate", "immigrant", "1", span, None): 400, ("rate", "immigrant", "2", span, None): 3}
        few = few_persons_keys(con, study, CountSystem(rates | fits | left_out | people), span)
    assert {key[1] for key in few if key[0] == "fit"} == {"pooled", "random_effects"}
    assert {key[3] for key in few if key[0] == "fit"} == {"emigration"}


def test_a_person_twice_in_a_year_stops_the_check(study: Study) -> None:
    with panel_of([(1, 2015, "stay"), (1, 2015, "stay")]) as con, pytest.raises(ContributionError):
        few_persons_keys(con, study, CountSystem(), (2015, 2015))


def test_tables_of_estimates_have_no_column_that_could_count_persons() -> None:
    whole_numbers = {
        (table.name, column.name)
        for table in PUBLISHED_TABLES
        for column in table.columns
        if table.privacy in ("estimate", "statement") and column.sql_type in ("SMALLINT", "INTEGER", "BIGINT")
    }
    assert whole_numbers == {
        ("predicted_probability", "age"),
        ("predicted_probability", "year"),
        ("hypothesis_verdict", "n_tests"),
        ("hypothesis_verdict", "n_supporting"),
        ("sensitivity", "n_tests"),
        ("sensitivity", "n_supporting"),
    }


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_program_solved_again_and_again_ends_where_a_fresh_one_does(seed: int) -> None:
    """Other objectives and bounds from one solution to the next, against SciPy's solver from the start each time."""
    rng = np.random.default_rng(seed)
    n, rows = 12, 5
    A = csr_array(rng.integers(-1, 2, (rows, n)).astype(float))
    low, high = np.zeros(n), rng.integers(1, 9, n).astype(float)
    b = A @ rng.integers(0, high + 1).astype(float)
    program = LinearProgram(A, b, low, high)
    for _ in range(6):
        cost = rng.integers(-2, 3, n).astype(float)
        high = np.maximum(low, high + rng.integers(-2, 3, n))
        found = program.solution(cost, low, high)
        fresh = linprog(cost, A_eq=A, b_eq=b, bounds=np.column_stack([low, high]))
        assert (found is None) == (fresh.status == 2)
        if found is not None:
            assert cost @ found == pytest.approx(fresh.fun, abs=1e-6)
            assert np.abs(A @ found - b).max() < 1e-6
