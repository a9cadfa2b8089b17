"""The start page: verdicts, the highest and lowest observed shares, and the release's run."""

from dataclasses import dataclass

from report.release import Release, Row
from report.site.hypotheses import VERDICTS
from report.tables import HypothesisTable


@dataclass(frozen=True, slots=True)
class Extremes:
    """Where a group's observed share of an outcome is highest and lowest, over all years; rows of `observed_rate`."""

    population_group: str
    highest: Row
    lowest: Row


@dataclass(frozen=True, slots=True)
class Tally:
    """How many hypotheses got each verdict under a model."""

    model: str
    n: int
    verdicts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Start:
    """What the start page shows."""

    table: HypothesisTable
    tallies: list[Tally]
    extremes: dict[str, list[Extremes]]
    run: Row


def start(table: HypothesisTable, release: Release) -> Start:
    """Assemble the start page's content; `table` is Table 2, already read."""
    return Start(table, tallies(table), extremes(release), release.rows("select * from results.run")[0])


def tallies(table: HypothesisTable) -> list[Tally]:
    """The number of hypotheses with each verdict, model by model."""
    found = []
    for model in table.models:
        given = [verdict.verdict for row in table.rows for verdict in row.verdicts if verdict.model == model]
        found.append(Tally(model, len(given), {verdict: given.count(verdict) for verdict in VERDICTS}))
    return found


def extremes(release: Release) -> dict[str, list[Extremes]]:
    """Highest and lowest published shares by outcome (emigration first) and group; groups without any are left out."""
    rows = release.rows("""
        select population_group, centrality, outcome, share, ci_low, ci_high
        from results.observed_rate
        where year is null and outcome <> 'stay' and share is not null
        order by outcome, population_group, share desc, centrality
    """)
    found: dict[str, list[Extremes]] = {}
    for outcome in ("emigration", "internal_move"):
        groups: dict[str, list[Row]] = {}
        for row in rows:
            if row["outcome"] == outcome:
                groups.setdefault(row["population_group"], []).append(row)
        by_share = [Extremes(group, of_group[0], of_group[-1]) for group, of_group in groups.items()]
        found[outcome] = sorted(by_share, key=lambda group: -float(group.highest["share"]))
    return found
