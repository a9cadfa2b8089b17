"""What Figures 2 and 4 share: marks of group and centrality in the plane of internal moves and emigration.

Belongs here: points, intervals, lines and legends. Does not belong here: what the points are.
"""

import json
from collections.abc import Sequence
from typing import Any

import altair as alt

from report.language import Language, label, percent, text
from report.marks import GREYS, by_theme, ramp, shades, shape
from report.release import Row


def point_rows(rows: Sequence[Row], language: Language) -> list[Row]:
    """The rows in the specification: `mark` is the key of the shade; words and intervals are for the tooltip."""
    return [
        {
            **row,
            "mark": mark(row["population_group"], row["centrality"]),
            "group": label(row["population_group"], language),
            "said_emigration": said_interval(row, "emigration", language),
            "said_internal_move": said_interval(row, "internal_move", language),
        }
        for row in rows
    ]


def mark(group: str, centrality: str) -> str:
    """The key of a mark's shade."""
    return f"{group} {centrality}"


def said_interval(row: Row, outcome: str, language: Language) -> str:
    """A share and its interval in words."""
    value, low, high = (percent(row[f"{outcome}{end}"], language, 2) for end in ("", "_low", "_high"))
    return text("figures", "interval", language, value=value, low=low, high=high)


def plane(domain: tuple[float, float], titles: tuple[str, str], ticks: int, size: int = 12) -> tuple[alt.X, alt.Y]:
    """Axes of internal moves (horizontal) and emigration (vertical) from 0 to the ends of `domain`."""
    scales = [alt.Scale(domain=[0, end], nice=False, zero=True) for end in domain]
    axes = [
        alt.Axis(format=axis_format(end), tickCount=ticks, title=title, titleFontSize=size)
        for end, title in zip(domain, titles, strict=True)
    ]
    x = alt.X("internal_move:Q", scale=scales[0], axis=axes[0])
    return x, alt.Y("emigration:Q", scale=scales[1], axis=axes[1])


def axis_format(end: float) -> str:
    """Percent with as many decimals as an axis of that length needs."""
    return "~%" if end > 0.04 else ".1~%"


def fill(groups: Sequence[str], classes: Sequence[str], language: Language) -> alt.Fill:
    """Hue by group, shade by centrality; its legend shows the shades of centrality in greys."""
    domain = [mark(group, centrality) for group in groups for centrality in classes] + list(classes)
    colours = [colour for group in groups for colour in shades(ramp(group), len(classes))]
    colours += shades(GREYS, len(classes))
    title = text("figures", "centrality", language)
    legend = legend_above(title, columns=len(classes), values=list(classes), symbolType="circle")
    return alt.Fill("mark:N", scale=alt.Scale(domain=domain, range=colours), legend=legend)


def outline(groups: Sequence[str], language: Language) -> dict[str, Any]:
    """Marker by group, and an outline that stands out on paper and in the dark; the legend shows the markers."""
    strokes = [by_theme((ramp(group)[0], ramp(group)[-1])) for group in groups]
    shapes = [shape(group) for group in groups]
    legend = group_legend(groups, language)
    return {
        "stroke": alt.Stroke("population_group:N", scale=alt.Scale(domain=list(groups), range=strokes), legend=legend),
        "shape": alt.Shape("population_group:N", scale=alt.Scale(domain=list(groups), range=shapes), legend=legend),
    }


def group_colour(groups: Sequence[str], language: Language) -> alt.Color:
    """A group's middle shade, for lines and intervals."""
    scale = alt.Scale(domain=list(groups), range=[ramp(group)[2] for group in groups])
    return alt.Color("population_group:N", scale=scale, legend=group_legend(groups, language))


def group_legend(groups: Sequence[str], language: Language) -> alt.Legend:
    """The legend of markers, equal for all channels that encode the group, so that Vega-Lite merges them into one."""
    names = {group: label(group, language) for group in groups}
    return legend_above(
        text("figures", "group", language),
        columns=1,
        labelExpr=f"{json.dumps(names, ensure_ascii=False)}[datum.value]",
        symbolFillColor={"expr": "scale('color', datum.value)"},
    )


def layers(
    axes: tuple[alt.X, alt.Y],
    groups: Sequence[str],
    classes: Sequence[str],
    tooltip: list[alt.Tooltip],
    size: float,
    language: Language,
) -> list[alt.Chart]:
    """Lines along centrality, intervals in both directions, and the points on top."""
    x, y = axes
    base = alt.Chart().encode(x=x, y=y)
    colour = group_colour(groups, language)
    along = base.mark_line(strokeWidth=1, opacity=0.55).encode(color=colour, order=alt.Order("centrality:O"))
    across = base.mark_rule(strokeWidth=1.4).encode(
        x=alt.X("internal_move_low:Q"), x2="internal_move_high:Q", color=colour
    )
    upright = base.mark_rule(strokeWidth=1.4).encode(y=alt.Y("emigration_low:Q"), y2="emigration_high:Q", color=colour)
    points = base.mark_point(size=size, strokeWidth=1, opacity=1, fillOpacity=1).encode(
        fill=fill(groups, classes, language), tooltip=tooltip, **outline(groups, language)
    )
    return [along, across, upright, points]


def legend_above(title: str, columns: int, **more: Any) -> alt.Legend:
    """A legend above the figure, in `columns` columns."""
    return alt.Legend(
        title=title,
        orient="top",
        columns=columns,
        direction="horizontal" if columns > 1 else "vertical",
        symbolOpacity=1,
        symbolSize=90,
        symbolStrokeWidth=0.7,
        symbolStrokeColor={"expr": "ink"},
        titleLimit=400,
        **more,
    )
