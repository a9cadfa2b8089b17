"""Figure 2: observed yearly shares, emigration against internal moves, by group and centrality."""

from collections.abc import Sequence
from itertools import pairwise

import altair as alt

from report.figures import frame, placement, scatter
from report.figures.notes import notes_of, withheld_note
from report.figures.observations import classes, drawable, observed_shares
from report.language import Language, label, percent, text
from report.release import Release, Row

HEIGHT = 420
RADIUS = 6.0
LABEL_HEIGHT = 11.0
CHARACTER_WIDTH = 7.5
# A line joins a label to its point if it is further away than this.
LEADER_FROM = 20.0


def figure_2(release: Release, language: Language, model: str = "pooled") -> alt.LayerChart | alt.FacetChart:
    """Observed shares do not depend on `model`; all figures have this argument."""
    rows = observed_shares(release)
    drawn = [row for row in rows if drawable(row)]
    groups, levels = list(dict.fromkeys(row["population_group"] for row in rows)), classes(rows)
    domain = axes_domain(drawn)
    titles = (text("figures", "internal_move_axis", language), text("figures", "emigration_axis", language))
    x, y = scatter.plane(domain, titles, ticks=6)
    data = frame.inline(labelled(scatter.point_rows(drawn, language), domain))
    layers = scatter.layers((x, y), groups, levels, tooltip(language), 95, language)
    leaders, words = labels(x, y)
    chart = alt.layer(leaders, *layers, words, data=data)
    chart = chart.properties(width="container", height=HEIGHT)
    hidden = [row for row in rows if not drawable(row)]
    notes = notes_of(release, language, *withheld_note(hidden, language))
    return frame.framed(chart, language, description(drawn, language), notes)


def axes_domain(drawn: Sequence[Row]) -> tuple[float, float]:
    """Ends of both axes, so that every interval fits."""
    ends = [max((row[f"{outcome}_high"] for row in drawn), default=0.01) for outcome in ("internal_move", "emigration")]
    return frame.upper_bound(ends[0]), frame.upper_bound(1.02 * ends[1])


def labelled(rows: Sequence[Row], domain: tuple[float, float]) -> list[Row]:
    """The rows with the offsets `dx`, `dy` of their labels; `label` is empty where there is no room for one."""
    places = [place_of(row, domain) for row in rows]
    points = [
        placement.Point(*place, CHARACTER_WIDTH * len(row["centrality"]))
        for place, row in zip(places, rows, strict=True)
    ]
    sizes = [(float(width), float(HEIGHT)) for width in (frame.PHONE_WIDTH, frame.PAGE_WIDTH)]
    offsets = placement.place(points, sizes, RADIUS, LABEL_HEIGHT, lines_of(rows, domain))
    return [
        {
            **row,
            "label": row["centrality"] if offset else "",
            "dx": offset.dx if offset else 0,
            "dy": offset.dy if offset else 0,
            "led": bool(offset and (offset.dx**2 + offset.dy**2) ** 0.5 > LEADER_FROM),
        }
        for row, offset in zip(rows, offsets, strict=True)
    ]


def place_of(row: Row, domain: tuple[float, float], x: str = "", y: str = "") -> tuple[float, float]:
    """The place of a row's point, or of an end of its interval, as shares of the plot's width and height."""
    return row[f"internal_move{x}"] / domain[0], 1 - row[f"emigration{y}"] / domain[1]


def lines_of(rows: Sequence[Row], domain: tuple[float, float]) -> list[placement.Line]:
    """The lines of the figure: intervals, and from class to class within a group."""
    intervals = [
        (place_of(row, domain, *low), place_of(row, domain, *high))
        for row in rows
        for low, high in ((("_low", ""), ("_high", "")), (("", "_low"), ("", "_high")))
    ]
    along = [
        (place_of(row, domain), place_of(after, domain))
        for row, after in pairwise(rows)
        if row["population_group"] == after["population_group"]
    ]
    return intervals + along


def labels(x: alt.X, y: alt.Y) -> tuple[alt.Chart, alt.Chart]:
    """The labels (each point's class of centrality), and lines to those that had to move away from their points."""
    base = alt.Chart().encode(x=x, y=y)
    leaders = (
        base.transform_filter("datum.led")
        .mark_rule(
            strokeWidth=0.7,
            opacity=0.7,
            color={"expr": "ink"},
            x2Offset={"expr": "0.75 * datum.dx"},
            y2Offset={"expr": "0.75 * datum.dy"},
        )
        .encode(x2="internal_move:Q", y2="emigration:Q")
    )
    words = base.mark_text(fontSize=11, baseline="middle", dx={"expr": "datum.dx"}, dy={"expr": "datum.dy"})
    return leaders, words.encode(text="label:N")


def tooltip(language: Language) -> list[alt.Tooltip]:
    """Group, class, both shares with intervals, and the published counts."""
    titles = {
        "group:N": text("figures", "group", language),
        "centrality:N": text("figures", "tooltip_centrality", language),
        "said_emigration:N": label("emigration", language),
        "said_internal_move:N": label("internal_move", language),
    }
    counts = {
        "n_person_years:Q": text("figures", "person_years", language),
        "n_emigration:Q": text("figures", "n_emigration", language),
        "n_internal_move:Q": text("figures", "n_internal_move", language),
    }
    return [
        *(alt.Tooltip(field, title=title) for field, title in titles.items()),
        *(alt.Tooltip(field, title=title, format=",") for field, title in counts.items()),
    ]


def description(drawn: Sequence[Row], language: Language) -> str:
    """The text alternative: each group's shares from most to least central."""
    if not drawn:
        return text("figures", "no_data", language)
    said = []
    for group in dict.fromkeys(row["population_group"] for row in drawn):
        of_group = [row for row in drawn if row["population_group"] == group]
        spans = {outcome: span(of_group, outcome, language) for outcome in ("emigration", "internal_move")}
        said.append(text("figures", "figure_2_group", language, group=label(group, language), **spans))
    return text("figures", "figure_2_description", language, last=classes(list(drawn))[-1], groups=" ".join(said))


def span(rows: Sequence[Row], outcome: str, language: Language) -> str:
    """A share in the first and in the last of the rows."""
    first, last = (percent(row[outcome], language) for row in (rows[0], rows[-1]))
    return text("figures", "from_to", language, first=first, last=last)
