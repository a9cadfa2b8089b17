"""Disclosure control: nothing small is published, and nothing withheld comes back."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from statsmodels.stats.proportion import proportion_confint

from models_py.counts import read_counts
from models_py.disclosure import DisclosureError, publishable
from models_py.estimate import estimate
from models_py.few_events import FEW_EVENTS
from models_py.published_counts import wilson_interval
from models_py.release_protection import protect_release
from models_py.rounding import rounded_count, spoken_count
from models_py.study import Study
from models_py.suppression import Margin, suppress
from models_py.tables import PUBLISHED_TABLES
from tests.estimation.population import simulate, write_warehouse
from tests.estimation.test_on_separation import with_models, with_terms


def table_margins(rows: int, columns: int, totals_are_public: bool) -> tuple[list[Margin], int]:
    """Margins of a two-way table that is followed by its row totals, column totals and grand total."""
    cell = np.arange(rows * columns).reshape(rows, columns)
    row_total, column_total = rows * columns + np.arange(rows), rows * columns + rows + np.arange(columns)
    grand = rows * columns + rows + columns

    def margin(parts: np.ndarray, total: int) -> Margin:
        return Margin(tuple(map(int, parts)), None if totals_are_public else int(total))

    margins = [margin(cell[i], row_total[i]) for i in range(rows)]
    margins += [margin(cell[:, j], column_total[j]) for j in range(columns)]
    if not totals_are_public:
        margins += [Margin(tuple(map(int, row_total)), grand), Margin(tuple(map(int, column_total)), grand)]
    return margins, grand + 1


# To one who does not use that counts are never negative.
ANYTHING = -1000


def with_totals(table: np.ndarray) -> np.ndarray:
    return np.concatenate([table.ravel(), table.sum(axis=1), table.sum(axis=0), [table.sum()]])


def feasible_range(
    counts: np.ndarray, margins: list[Margin], withheld: np.ndarray, member: int, lowest: int = 0
) -> tuple[float, float]:
    """The least and most a withheld count can be, to one who knows the others exactly and what is the lowest of all."""
    A, b = [], []
    for margin in margins:
        row = np.zeros(counts.size)
        row[list(margin.parts)] = 1
        known = counts[list(margin.parts)].sum() if margin.total is None else 0
        if margin.total is not None:
            row[margin.total] = -1
        A.append(np.where(withheld, row, 0))
        b.append(known - row[~withheld] @ counts[~withheld])
    unit = (np.arange(counts.size) == member).astype(float)
    ends = [linprog(sign * unit, A_eq=np.array(A), b_eq=b, bounds=(lowest, None)) for sign in (1, -1)]
    low, high = (end.fun if end.status == 0 else np.inf for end in ends)
    return low, -high if np.isfinite(high) else np.inf


small_tables = st.integers(2, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.one_of(st.integers(0, 4), st.integers(5, 60)), min_size=columns, max_size=columns),
        min_size=2,
        max_size=4,
    )
)


@settings(max_examples=40, deadline=None)
@example(table=[[0, 0, 0, 0], [0, 0, 0, 5], [0, 5, 5, 5]], totals_are_public=False)
@given(table=small_tables, totals_are_public=st.booleans())
def test_no_small_count_follows_from_sums(table: list[list[int]], totals_are_public: bool) -> None:
    """That no count is below zero can tell more: `release_protection` and the attacker look at that."""
    counts = with_totals(np.array(table))
    margins, size = table_margins(*np.shape(table), totals_are_public)
    n_cells = np.size(table)
    if totals_are_public:
        assume(counts[n_cells:].min() >= 5)  # a small total that is public anyway cannot be protected
        counts, size = counts[:n_cells], n_cells
    withheld = suppress(counts, margins, 5)
    assert withheld.shape == (size,)
    assert withheld[counts < 5].all()
    for member in np.flatnonzero(counts < 5):
        low, high = feasible_range(counts, margins, withheld, int(member), ANYTHING)
        everything = all(withheld[list(margin.members)].all() for margin in margins if member in margin.members)
        assert high - low >= 1 or everything


@settings(max_examples=60, deadline=None)
@given(table=small_tables)
def test_nothing_is_withheld_without_need(table: list[list[int]]) -> None:
    counts = with_totals(np.array(table) + 5)
    margins, _ = table_margins(*np.shape(table), totals_are_public=False)
    assert not suppress(counts, margins, 5).any()


def test_the_smallest_neighbours_are_withheld() -> None:
    table = np.array([[3, 40, 9], [50, 60, 70], [20, 80, 90]])
    margins, _ = table_margins(3, 3, totals_are_public=False)
    withheld = suppress(with_totals(table), margins, 5)[:9].reshape(3, 3)
    assert withheld.tolist() == [[True, False, True], [False, False, False], [True, False, True]]


def test_a_count_that_only_all_margins_together_determine() -> None:
    """Every margin has two withheld members, yet x0 = (x0+x1 + x0+x2 - x1-x2) / 2 follows from three of them."""
    counts = np.array([6, 1, 2, 40, 50, 60, 47, 53, 63])
    margins = [Margin((0, 1, 3), 6), Margin((0, 2, 4), None), Margin((1, 2, 5), None)]
    withheld = suppress(counts, margins, 5)
    assert withheld[[1, 2]].all()
    for member in (1, 2):
        low, high = feasible_range(counts, margins, withheld, member)
        assert high - low >= 1


@pytest.mark.parametrize(("count", "published"), [(0, None), (4, None), (5, 5), (7, 5), (8, 10), (12, 10), (13, 15)])
def test_rounding(study: Study, count: int, published: int | None) -> None:
    assert rounded_count(count, study.disclosure) == published
    assert spoken_count(count, study.disclosure) == ("fewer than 5" if published is None else f"about {published}")


@settings(deadline=None)
@given(events=st.integers(0, 500), others=st.integers(1, 10_000))
def test_wilson(events: int, others: int) -> None:
    expected = proportion_confint(events, events + others, alpha=0.05, method="wilson")
    assert wilson_interval(events, events + others, 0.95) == pytest.approx(expected, abs=1e-12)


@pytest.fixture(scope="module")
def sparse(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few persons, so that many cells are small: the Norwegian-born hardly ever live in centrality 4."""
    rows = simulate(study, n_persons=700, seed=77)
    rare = (rows["population_group"] == "norwegian_born") & (rows["centrality"] == "4") & (rows["person"] % 15 > 0)
    database = write_warehouse(rows[~rare], tmp_path_factory.mktemp("sparse") / "warehouse.duckdb")
    estimate(database, study)
    return database


@pytest.fixture(scope="module")
def published(sparse: Path, study: Study) -> dict[str, pd.DataFrame]:
    with duckdb.connect(str(sparse), read_only=True) as con:
        publication = publishable(con, study)
    tables = publication.tables | {"decisions": publication.check.arrow()}
    return {name: table.to_pandas() for name, table in tables.items()}


def test_all_tables_but_run_have_their_declared_columns(published: dict[str, pd.DataFrame]) -> None:
    for table in PUBLISHED_TABLES:
        if table.name != "run":
            assert ["run_id", *published[table.name].columns] == table.column_names


def test_no_count_is_small_or_exact(published: dict[str, pd.DataFrame]) -> None:
    for name in ("observed_rate", "panel_accounting", "fit"):
        for column in published[name].filter(regex=r"^(n_|persons)"):
            counts = published[name][column].dropna()
            assert (counts >= 5).all()
            assert (counts % 5 == 0).all()
    assert published["observed_rate"]["n_events"].isna().any()
    affected = published["decisions"].groupby("rule")["n_affected"].sum()
    assert affected["threshold"] > 0
    assert affected["secondary_margins"] > 0


def test_every_cell_of_the_grid_stands_there(published: dict[str, pd.DataFrame], study: Study) -> None:
    """A missing row would say that nobody is there."""
    assert len(published["observed_rate"]) == 3 * 5 * (4 + 1) * 3


def test_shares_come_from_published_counts(published: dict[str, pd.DataFrame]) -> None:
    rates = published["observed_rate"]
    shown = rates["n_events"].notna() & rates["n_person_years"].notna()
    assert rates.loc[shown, "share"].equals(rates.loc[shown, "n_events"] / rates.loc[shown, "n_person_years"])
    assert rates.loc[~shown, ["share", "ci_low", "ci_high"]].isna().all().all()


def exact_rates(database: Path) -> pd.DataFrame:
    with duckdb.connect(str(database), read_only=True) as con:
        return con.sql("""
            select population_group, centrality, year, outcome, count(*) as n from marts.person_year
            group by population_group, centrality, outcome, rollup (year)
        """).df()


def test_no_margin_of_the_rates_has_a_single_gap(published: dict[str, pd.DataFrame]) -> None:
    rates = published["observed_rate"].copy()
    rates["year"] = rates["year"].fillna(0)
    by = ["population_group", "centrality", "year"]
    of_cell = rates.groupby(by).agg(gaps=("n_events", lambda x: x.isna().sum()), total=("n_person_years", "first"))
    assert ((of_cell["gaps"] != 1) | of_cell["total"].isna()).all()
    wide = rates.pivot(index=["population_group", "centrality", "outcome"], columns="year", values="n_events")
    gaps = wide.isna().sum(axis=1)
    assert (gaps != 1).all()


def test_small_rates_cannot_be_recovered_from_the_whole_release(sparse: Path, study: Study) -> None:
    """By linear algebra on everything published: rates, their totals, the panel and the fits together."""
    with duckdb.connect(str(sparse), read_only=True) as con:
        system = read_counts(con, study)
    hidden = sorted(protect_release(system, [], study.disclosure).withheld, key=str)
    A = np.zeros((len(system.margins), len(hidden)))
    for row, (total, parts) in zip(A, system.margins, strict=True):
        for j, key in enumerate(hidden):
            row[j] = (key in parts) - (key == total)
    rank = np.linalg.matrix_rank(A)
    small = [j for j, key in enumerate(hidden) if system.counts[key] < 5]
    assert small
    for j in small:
        unit = np.eye(len(hidden))[j]
        assert np.linalg.matrix_rank(np.vstack([A, unit])) > rank, hidden[j]


def test_statistics_of_a_fit_are_coarse(published: dict[str, pd.DataFrame]) -> None:
    fits = published["fit"]
    assert (fits["status"] == "ok").any()
    for column in ("log_likelihood", "null_log_likelihood", "aic", "bic"):
        assert (fits[column].dropna() % 1 == 0).all()
    assert (fits["pseudo_r2"].dropna().round(3) == fits["pseudo_r2"].dropna()).all()


def test_messages_name_the_withheld_events_and_not_the_small_ones_among_them(
    published: dict[str, pd.DataFrame], sparse: Path
) -> None:
    """Naming small counts alone would tell that the others withheld are not, and so how small the small ones are."""
    rates = published["observed_rate"]
    withheld = rates[rates["year"].isna() & rates["n_events"].isna()]
    with duckdb.connect(str(sparse), read_only=True) as con:
        exact = con.sql("""
            select population_group, centrality, outcome, sum(n_events) as n from marts.observed_rate
            where year is not null group by all
        """).df()
    beside_small = withheld.merge(exact, on=["population_group", "centrality", "outcome"])["n"] >= 5
    assert beside_small.any()  # else the two would be the same
    for fit in published["fit"].query("status == 'ok'").itertuples():
        parts = [part.partition(": ")[2] for part in fit.message.split("; ") if part.startswith(FEW_EVENTS)]
        named = {name for part in parts for name in part.split(", ") if "centrality=" in name}
        of_group = withheld[withheld["population_group"] == fit.population_group]
        assert named == {f"{row.outcome} at centrality={row.centrality}" for row in of_group.itertuples()}


def test_notes_tell_only_published_numbers_of_events(published: dict[str, pd.DataFrame], study: Study) -> None:
    rates = published["observed_rate"]
    for row in published["hypothesis_verdict"].itertuples():
        hypothesis = next(h for h in study.hypotheses if h.id == row.hypothesis_id)
        if row.verdict == "inconclusive":
            continue
        groups = [group for group in (hypothesis.group, hypothesis.other_group) if group]
        behind = rates[
            rates["year"].isna()
            & rates["population_group"].isin(groups)
            & rates["centrality"].isin(["1", "5*"])
            & (rates["outcome"] == hypothesis.outcome)
        ]
        smallest = behind["n_events"].min()
        if behind["n_events"].isna().any():
            assert "withheld" in row.note
        else:
            assert f"about {int(smallest):,} {hypothesis.outcome} events" in row.note
            assert ("Few events" in row.note) == (smallest < study.disclosure.few_events)


def test_a_fit_on_too_few_persons_stops_publication(sparse: Path, study: Study, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(sparse.read_bytes())
    with duckdb.connect(str(copy)) as con:
        con.execute("update estimation.fit set n_persons = 55")
        with pytest.raises(DisclosureError, match="residual degrees of freedom"):
            publishable(con, study)


@pytest.mark.parametrize("kind", ["model", "robust"])
def test_covariances_that_events_can_be_counted_from_stop_publication(sparse: Path, study: Study, kind: str) -> None:
    refused = pytest.raises(DisclosureError, match=f"models.covariance is {kind}")
    with duckdb.connect(str(sparse), read_only=True) as con, refused:
        publishable(con, with_models(study, covariance=kind))


def test_a_saturated_model_stops_publication(sparse: Path, study: Study, tmp_path: Path) -> None:
    """Its predictions are the observed rates, of which whole numbers of persons follow."""
    copy, saturated = tmp_path / "warehouse.duckdb", with_terms(study, "intercept", "centrality")
    copy.write_bytes(sparse.read_bytes())
    estimate(copy, saturated)
    with duckdb.connect(str(copy)) as con, pytest.raises(DisclosureError, match="saturated"):
        publishable(con, saturated)


@pytest.mark.parametrize("on_separation", ["refuse", "bias_reduction"])
def test_nothing_published_says_where_an_outcome_never_occurs(study: Study, tmp_path: Path, on_separation: str) -> None:
    """All the levels without emigrants together describe the few who emigrated."""
    rows = simulate(study, n_persons=900, seed=78)
    only = (rows["sex"] == "male") & (rows["education"] != "compulsory")
    at_home = (rows["outcome"] == "emigration") & (rows["population_group"] == "native") & ~only
    database = write_warehouse(rows[~at_home], tmp_path / "warehouse.duckdb")
    separating = with_models(study, on_separation=on_separation)
    estimate(database, separating)
    with duckdb.connect(str(database), read_only=True) as con:
        assert "no emigration at sex=female" in str(con.sql("select message from estimation.fit").fetchall())
        tables = publishable(con, separating).tables
    for name, table in tables.items():
        texts = {str(value) for row in table.to_pylist() for value in row.values() if isinstance(value, str)}
        assert not [text for text in texts if "no emigration" in text or "no stay" in text], name
    assert {fit["status"] for fit in tables["fit"].to_pylist()} >= (
        {"separation"} if on_separation == "refuse" else {"ok"}
    )
