"""The data of the figures, read from a release: one query per figure, and which models could not be estimated.

Belongs here: rows as the figures need them. Does not belong here: how they are drawn.
"""

from report.marks import in_order
from report.release import Release, Row

OBSERVED_SHARES = """
select
    population_group,
    centrality,
    max(n_person_years) as n_person_years,
    max(n_events) filter (outcome = 'internal_move') as n_internal_move,
    max(share) filter (outcome = 'internal_move') as internal_move,
    max(ci_low) filter (outcome = 'internal_move') as internal_move_low,
    max(ci_high) filter (outcome = 'internal_move') as internal_move_high,
    max(n_events) filter (outcome = 'emigration') as n_emigration,
    max(share) filter (outcome = 'emigration') as emigration,
    max(ci_low) filter (outcome = 'emigration') as emigration_low,
    max(ci_high) filter (outcome = 'emigration') as emigration_high
from results.observed_rate
where year is null
group by all
order by population_group, centrality
"""

CENTRALITY_PARAMETERS = """
select model, population_group, outcome, level as centrality, estimate, std_error, p_value, ci_low, ci_high,
    is_reference
from results.coefficient
where term = 'centrality'
order by model, population_group, outcome, level
"""

PROFILE_PROBABILITIES = """
select
    model,
    population_group,
    centrality,
    family_situation,
    labour_market_status,
    max(probability) filter (outcome = 'internal_move') as internal_move,
    max(ci_low) filter (outcome = 'internal_move') as internal_move_low,
    max(ci_high) filter (outcome = 'internal_move') as internal_move_high,
    max(probability) filter (outcome = 'emigration') as emigration,
    max(ci_low) filter (outcome = 'emigration') as emigration_low,
    max(ci_high) filter (outcome = 'emigration') as emigration_high
from results.predicted_probability
group by all
order by all
"""

MOVES = ("internal_move", "emigration")


def observed_shares(release: Release) -> list[Row]:
    """One row per group and class of centrality, all years together: both shares, intervals and counts."""
    return by_group(release.rows(OBSERVED_SHARES))


def centrality_parameters(release: Release) -> list[Row]:
    """One row per model, group, outcome and class of centrality; the reference class has no interval."""
    return by_group(release.rows(CENTRALITY_PARAMETERS))


def profile_probabilities(release: Release) -> list[Row]:
    """One row per model, group, class of centrality and profile, with both probabilities and their intervals."""
    return by_group(release.rows(PROFILE_PROBABILITIES))


def by_group(rows: list[Row]) -> list[Row]:
    """The rows, with groups in the order in which they are always shown."""
    order = in_order({row["population_group"] for row in rows})
    return sorted(rows, key=lambda row: order.index(row["population_group"]))


def models(release: Release) -> list[str]:
    """The models of a release, pooled first."""
    return [row["model"] for row in release.rows("select distinct model from results.fit order by model")]


def not_estimated(release: Release) -> list[Row]:
    """The models without estimates: `model`, `population_group`, `status`."""
    query = "select model, population_group, status from results.fit where status <> 'ok' order by model"
    return by_group(release.rows(query))


def drawable(row: Row) -> bool:
    """Whether both of a row's shares were published; a row with a withheld share cannot be drawn."""
    return all(row[outcome] is not None for outcome in MOVES)


def classes(rows: list[Row]) -> list[str]:
    """Classes of centrality in the rows, most central first."""
    return sorted({row["centrality"] for row in rows})
