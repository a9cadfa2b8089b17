"""Who contributes to a count of person-years: how many persons, and what share the largest contributors have.

Belongs here: the threshold on persons and the dominance rule, checked on the panel itself. Does not belong here: what
is withheld because of them.

Source: Hundepool et al. (2012), Statistical Disclosure Control, chapter 4: the (n, k) dominance rule.
"""

import math
from collections.abc import Collection, Iterator

import duckdb

from models_py.counts import PERSONS, CountSystem, Key, Span
from models_py.study import Disclosure, Study


class ContributionError(RuntimeError):
    """A person contributes more than one person-year to a year, so that no rule on contributions can be checked."""


def few_persons_keys(con: duckdb.DuckDBPyConnection, study: Study, system: CountSystem, span: Span) -> set[Key]:
    """Counts of rates and fits that rest on fewer persons than the threshold, or that few persons dominate.

    Within one year each person counts once, so the largest k contributors have k / n of a count of n: the count alone
    decides. Over several years a person counts up to once a year. Few counts are then small enough to be in question,
    and all of these are looked up in the panel. A fit that leaves rows out is not the panel's count of its group, and
    its number of persons per count is unknown: if such a count is in question, it is assumed to rest on few persons.

    Raises:
        ContributionError: a person is in the panel twice in a year.
    """
    rule = study.disclosure
    keys = {
        key
        for key, count in system.counts.items()
        if key[0] == "rate"
        and isinstance(key[3], int)
        and rule.threshold <= count
        and _is_dominated(rule.dominance.contributors, count, rule)
    }
    limit = _most_in_question(rule, 1 + span[1] - span[0])
    few_of_group: set[tuple[str, str | None]] = set()
    for group, centrality, outcome, persons, largest, count, most_in_a_year in con.execute(
        _CONTRIBUTIONS, [limit, rule.dominance.contributors]
    ).fetchall():
        if most_in_a_year > 1:
            raise ContributionError("marts.person_year has a person twice in a year: no count can be checked")
        if persons < rule.threshold or _is_dominated(largest, count, rule):
            if centrality is None:
                few_of_group.add((group, outcome))
            else:
                keys.add(("rate", group, centrality, span, outcome))
    return keys | set(_fits_of_few(system, span, few_of_group, limit))


def _fits_of_few(
    system: CountSystem, span: Span, few_of_group: Collection[tuple[str, str | None]], limit: int
) -> Iterator[Key]:
    """Person-years and events of fits that rest on few persons, or may do so."""
    for key, count in system.counts.items():
        if key[0] == "fit" and key[3] != PERSONS:
            _, _, group, what, _ = key
            is_whole_group = count == sum(
                n for rate, n in system.counts.items() if rate[:2] == ("rate", group) and rate[3:] == (span, what)
            )
            if (group, what) in few_of_group or (count <= limit and not is_whole_group):
                yield key


def _is_dominated(largest: int, count: int, rule: Disclosure) -> bool:
    return largest >= rule.dominance.share * count


def _most_in_question(rule: Disclosure, n_years: int) -> int:
    """The largest count that either rule can affect, as a person has at most one person-year a year."""
    dominated = math.floor(rule.dominance.contributors * n_years / rule.dominance.share)
    return max(dominated, (rule.threshold - 1) * n_years)


# Reads only the cells in question from the panel. Outcome NULL: all person-years at risk. Centrality NULL: whole group.
_CONTRIBUTIONS = """
    with in_question as (
        select population_group, centrality, outcome, sum(n_events) as n
        from marts.observed_rate
        where year is not null
        group by grouping sets (
            (population_group, centrality, outcome), (population_group, centrality),
            (population_group, outcome), (population_group)
        )
        having sum(n_events) <= ?
    ),
    contribution as (
        select
            in_question.population_group, in_question.centrality, in_question.outcome, person_key,
            count(*) as person_years, count(*) - count(distinct year) + 1 as most_in_a_year
        from in_question
        inner join marts.person_year
            on in_question.population_group = person_year.population_group
            and coalesce(in_question.centrality, person_year.centrality) = person_year.centrality
            and coalesce(in_question.outcome, person_year.outcome) = person_year.outcome
        group by in_question.population_group, in_question.centrality, in_question.outcome, person_key
    ),
    ranked as (
        select *, row_number() over (
            partition by population_group, centrality, outcome order by person_years desc, person_key
        ) as place
        from contribution
    )
    select
        population_group, centrality, outcome, count(*), sum(person_years) filter (place <= ?), sum(person_years),
        max(most_in_a_year)
    from ranked
    group by population_group, centrality, outcome
"""
