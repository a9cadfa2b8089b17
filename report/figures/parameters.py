"""Figure 3: estimated centrality parameters with intervals, for emigration and internal moves, one panel per group."""

from collections.abc import Sequence

import altair as alt

from report.figures import frame
from report.figures.notes import not_estimated_notes, notes_of
from report.figures.observations import MOVES, centrality_parameters, classes, models, not_estimated
from report.language import Language, in_sentence, label, number, text
from report.marks import OUTCOME_COLOURS, OUTCOME_SHAPES, by_theme, in_order
from report.release import Release, Row

PANEL_WIDTH = 195
HEIGHT = 300
# Characters in a line of a panel's message, so that it fits into a panel on a phone.
MESSAGE_WIDTH = 14
# Horizontal offsets in units of a class: the outcomes are side by side, emigration first.
DODGE = {"emigration": -0.16, "internal_move": 0.16}


def figure_3(release: Release, language: Language, model: str = "pooled") -> alt.FacetChart:
    """Centrality parameters, `model` shown first; a group without estimates has a panel that says why."""
    rows = centrality_parameters(release)
    levels = classes(rows)
    data = frame.inline([*parameter_rows(rows, language), *message_rows(release, language)])
    groups = [label(group, language) for group in in_order(groups_of(release))]
    chart = (
        alt.layer(*layers(levels, reference_of(rows), language), data=data)
        .properties(width=PANEL_WIDTH, height=HEIGHT)
        .transform_filter("datum.model == model")
        .facet(column=alt.Column("group:N", sort=groups, title=None, header=frame.header(groups, 18)), spacing=12)
    )
    return frame.framed(
        chart,
        language,
        description([row for row in rows if row["model"] == model], model, language),
        notes_of(release, language, *not_estimated_notes(release, language)),
        [frame.model_choice(models(release), model, language)],
        frame.responsive(columns=len(groups), margin=108),
    )


def groups_of(release: Release) -> set[str]:
    """The groups that have a model, estimated or not."""
    return {row["population_group"] for row in release.rows("select distinct population_group from results.fit")}


def parameter_rows(rows: Sequence[Row], language: Language) -> list[Row]:
    """The rows in the specification: `place` is the position of class and outcome, outcomes side by side."""
    levels = classes(list(rows))
    return [
        {
            "model": row["model"],
            "group": label(row["population_group"], language),
            "outcome": label(row["outcome"], language),
            "centrality": row["centrality"],
            "place": levels.index(row["centrality"]) + DODGE[row["outcome"]],
            "estimate": row["estimate"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "reference": row["is_reference"],
            "said": said(row, language),
        }
        for row in rows
    ]


def message_rows(release: Release, language: Language) -> list[Row]:
    """A row with a message and no numbers for each model that could not be estimated."""
    return [
        {
            "model": row["model"],
            "group": label(row["population_group"], language),
            "message": frame.wrapped(
                text("figures", "not_estimated", language, status=in_sentence(row["status"], language)), MESSAGE_WIDTH
            ),
        }
        for row in not_estimated(release)
    ]


def reference_of(rows: Sequence[Row]) -> str:
    """The reference class; empty where nothing was estimated."""
    return next((row["centrality"] for row in rows if row["is_reference"]), "")


def layers(levels: Sequence[str], reference: str, language: Language) -> list[alt.Chart]:
    """Zero line, intervals, lines along centrality, points (the reference hollow) and messages."""
    titles = [line.format(reference=reference) for line in frame.lines("figure_3_y", language)]
    x = alt.X(
        "place:Q",
        scale=alt.Scale(domain=[-0.5, len(levels) - 0.5], nice=False, zero=False),
        axis=alt.Axis(
            values=list(range(len(levels))),
            labelExpr=f"{list(levels)}[datum.value]",
            title=label("centrality", language),
            grid=False,
        ),
    )
    y = alt.Y("estimate:Q", axis=alt.Axis(title=titles, format=".1~f", tickCount=7, grid=True))
    colour, shape = by_outcome(language)
    base = alt.Chart().encode(x=x, y=y)
    estimated = base.transform_filter("isValid(datum.estimate)")
    zero = alt.Chart().mark_rule(color={"expr": "ink"}, strokeWidth=1).encode(y=alt.datum(0))
    along = estimated.mark_line(opacity=0.35, strokeWidth=1.2).encode(color=colour)
    intervals = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2)
        .encode(y=alt.Y("low:Q"), y2="high:Q", color=colour)
    )
    points = (
        estimated.transform_filter("!datum.reference")
        .mark_point(filled=True, size=55, strokeWidth=1.5, opacity=1)
        .encode(color=colour, shape=shape, tooltip=tooltip(language))
    )
    references = (
        estimated.transform_filter("datum.reference")
        .mark_point(filled=False, fill={"expr": "paper"}, size=55, strokeWidth=1.5, opacity=1)
        .encode(color=colour, shape=shape, tooltip=tooltip(language))
    )
    messages = (
        alt.Chart()
        .transform_filter("isValid(datum.message)")
        .mark_text(
            fontSize=12, fontStyle="italic", lineHeight=15, baseline="middle", x={"expr": "child_width / 2"}, y=40
        )
        .encode(text="message:N")
    )
    return [zero, along, intervals, points, references, messages]


def by_outcome(language: Language) -> tuple[alt.Color, alt.Shape]:
    """Red circles and grey diamonds, so that the outcomes differ without colour too."""
    names = [label(outcome, language) for outcome in reversed(MOVES)]
    legend = alt.Legend(title=None, orient="top", direction="horizontal", symbolSize=80, symbolOpacity=1, offset=16)
    colours = alt.Scale(domain=names, range=[by_theme(OUTCOME_COLOURS[outcome]) for outcome in reversed(MOVES)])
    shapes = alt.Scale(domain=names, range=[OUTCOME_SHAPES[outcome] for outcome in reversed(MOVES)])
    return alt.Color("outcome:N", scale=colours, legend=legend), alt.Shape("outcome:N", scale=shapes, legend=legend)


def tooltip(language: Language) -> list[alt.Tooltip]:
    """Group, outcome, class and the estimate with its interval."""
    return [
        alt.Tooltip("group:N", title=text("figures", "group", language)),
        alt.Tooltip("outcome:N", title=label("outcome", language)),
        alt.Tooltip("centrality:N", title=label("centrality", language)),
        alt.Tooltip("said:N", title=text("figures", "figure_3_estimate_title", language)),
    ]


def said(row: Row, language: Language) -> str:
    """An estimate and its interval in words; the reference has none."""
    if row["is_reference"]:
        return text("figures", "reference", language)
    value, low, high = (number(row[key], language, 2) for key in ("estimate", "ci_low", "ci_high"))
    return text("figures", "interval", language, value=value, low=low, high=high)


def description(rows: Sequence[Row], model: str, language: Language) -> str:
    """The text alternative: every estimate, from most to least central."""
    parts = []
    for group, outcome in dict.fromkeys((row["population_group"], row["outcome"]) for row in rows):
        estimates = "; ".join(
            f"{row['centrality']}: {said(row, language)}"
            for row in rows
            if (row["population_group"], row["outcome"]) == (group, outcome) and not row["is_reference"]
        )
        parts.append(
            text("figures", "figure_3_group", language, group=label(group, language),
                 outcome=in_sentence(outcome, language), estimates=estimates)
        )  # fmt: skip
    if not parts:
        return text("figures", "no_data", language)
    return text("figures", "figure_3_description", language, model=in_sentence(model, language),
                reference=reference_of(rows), groups=" ".join(parts))  # fmt: skip
