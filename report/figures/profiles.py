"""Figure 4: predicted probabilities, one panel per labour market status and family situation."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import altair as alt

from report.figures import frame, scatter
from report.figures.notes import not_estimated_notes, notes_of
from report.figures.observations import MOVES, classes, models, profile_probabilities
from report.language import Language, in_sentence, label, percent, text
from report.release import Release, Row

PANEL_WIDTH = 190
PANEL_HEIGHT = 110
# Levels in the order of study.yml; other levels of a release are shown last.
LABOUR = ("employed", "unemployed", "outside_labour_force")
FAMILY = ("alone", "single_parent", "cohabiting_no_children", "cohabiting_with_children", "married_no_children",
          "married_with_children")  # fmt: skip


def figure_4(release: Release, language: Language, model: str = "pooled") -> alt.FacetChart:
    """Predicted probabilities of the release's profiles, `model` shown first."""
    rows = profile_probabilities(release)
    groups, levels = list(dict.fromkeys(row["population_group"] for row in rows)), classes(rows)
    domain = axes_domain(rows)
    titles = (text("figures", "figure_4_x", language), text("figures", "figure_4_y", language))
    axes = scatter.plane(domain, titles, ticks=4, size=10)
    layers = scatter.layers(axes, groups, levels, tooltip(language), 32, language)
    labour = [label(level, language) for level in present(rows, "labour_market_status", LABOUR)]
    family = [label(level, language) for level in present(rows, "family_situation", FAMILY)]
    chart = (
        alt.layer(diagonal(min(domain)), *layers, data=frame.inline(profile_rows(rows, language)))
        .properties(width=PANEL_WIDTH, height=PANEL_HEIGHT)
        .transform_filter("datum.model == model")
        .facet(
            column=alt.Column("labour:N", sort=labour, title=None, header=frame.header(labour, 14)),
            row=alt.Row("family:N", sort=family, title=None, header=frame.header(family, 13)),
            spacing=10,
        )
    )
    shown = [row for row in rows if row["model"] == model]
    return frame.framed(
        chart,
        language,
        description(shown, model, language),
        notes_of(release, language, *not_estimated_notes(release, language)),
        [frame.model_choice(models(release), model, language)],
        frame.responsive(columns=len(labour), margin=140),
    )


def axes_domain(rows: Sequence[Row]) -> tuple[float, float]:
    """Ends of both axes, the same in all panels, so that every interval fits."""
    ends = [max((row[f"{outcome}_high"] for row in rows), default=0.01) for outcome in MOVES]
    return frame.upper_bound(ends[0]), frame.upper_bound(ends[1])


def present(rows: Sequence[Row], column: str, order: Sequence[str]) -> list[str]:
    """The levels of a column, in the order in which they are shown."""
    found = dict.fromkeys(row[column] for row in rows)
    return sorted(found, key=lambda level: order.index(level) if level in order else len(order))


def profile_rows(rows: Sequence[Row], language: Language) -> list[Row]:
    """The rows in the specification, rounded to four decimals of a percent, which is finer than one can see."""
    numbers = [f"{outcome}{end}" for outcome in MOVES for end in ("", "_low", "_high")]
    kept = ("model", "population_group", "centrality", "mark", "group", "said_emigration", "said_internal_move")
    return [
        {
            **{key: row[key] for key in kept},
            **{key: round(row[key], 6) for key in numbers},
            "labour": label(row["labour_market_status"], language),
            "family": label(row["family_situation"], language),
        }
        for row in scatter.point_rows(rows, language)
    ]


def diagonal(end: float) -> alt.Chart:
    """Where an internal move and emigration are equally likely."""
    ends = frame.inline([{"from": 0, "to": end}])
    line: alt.Chart = (
        alt.Chart(ends)
        .mark_rule(color={"expr": "ink"}, strokeDash=[4, 3], strokeWidth=0.8, opacity=0.8)
        .encode(x="from:Q", x2="to:Q", y="from:Q", y2="to:Q")
    )
    return line


def tooltip(language: Language) -> list[alt.Tooltip]:
    """Group, class, situation and both probabilities with intervals."""
    titles = {
        "group:N": text("figures", "group", language),
        "centrality:N": label("centrality", language),
        "labour:N": label("labour_market_status", language),
        "family:N": label("family_situation", language),
        "said_emigration:N": label("emigration", language),
        "said_internal_move:N": label("internal_move", language),
    }
    return [alt.Tooltip(field, title=title) for field, title in titles.items()]


def description(rows: Sequence[Row], model: str, language: Language) -> str:
    """The text alternative: each group's ranges, and where emigration is likelier than an internal move."""
    if not rows:
        return text("figures", "no_data", language)
    said = [
        text("figures", "figure_4_group", language, group=label(group, language),
             **{outcome: span([row[outcome] for row in of_group], language) for outcome in MOVES})
        for group, of_group in ((g, list(r)) for g, r in groupby(rows, itemgetter("population_group")))
    ]  # fmt: skip
    panels = len({(row["family_situation"], row["labour_market_status"]) for row in rows})
    return text("figures", "figure_4_description", language, n=panels, groups=" ".join(said),
                above=above_diagonal(rows, model, language))  # fmt: skip


def above_diagonal(rows: Sequence[Row], model: str, language: Language) -> str:
    """Where emigration is likelier than an internal move, as a sentence."""
    above: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row["emigration"] > row["internal_move"]:
            key = (row["population_group"], row["labour_market_status"], row["family_situation"])
            above.setdefault(key, []).append(row["centrality"])
    spoken = in_sentence(model, language)
    if not above:
        return text("figures", "figure_4_above_none", language, model=spoken)
    cells = "; ".join(
        text("figures", "figure_4_above_cell", language, group=label(group, language),
             labour=in_sentence(labour, language),
             family=in_sentence(family, language), centralities=", ".join(levels))
        for (group, labour, family), levels in above.items()
    )  # fmt: skip
    return text("figures", "figure_4_above", language, cells=cells, model=spoken)


def span(values: Sequence[float], language: Language) -> str:
    """From the least to the greatest of some probabilities."""
    least, greatest = (percent(value, language) for value in (min(values), max(values)))
    return text("figures", "from_to", language, first=least, last=greatest)
