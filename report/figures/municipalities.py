"""Figure 1: the municipalities of 2020 by centrality, and by the observed shares of their class.

A municipality's class is a published fact, not a result: it comes from the warehouse's seed and the study's
specification. The shares come from the release.
"""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt

from flows.home import SEEDS
from models_py.study import Study
from report.figures import frame
from report.figures.notes import notes_of
from report.figures.observations import MOVES, observed_shares
from report.language import Language, label, percent, text
from report.marks import BORDER, GREENS, WITHHELD, blend, by_theme, shades
from report.release import Release, Row

OUTLINES = Path(__file__).parent / "municipalities_2020.topojson"
OBJECT = "k2020"
HEIGHT = 560
# The central meridian of UTM zone 33, in which maps of the whole of Norway are usually drawn.
CENTRAL_MERIDIAN = 15


def figure_1(release: Release, language: Language, model: str = "pooled") -> alt.Chart:
    """The map; the reader may colour it by the observed share of a group and outcome. `model` has no effect on it."""
    class_of = centrality_of_municipalities(release.study)
    levels = sorted(set(class_of.values()))
    measures = measures_of(observed_shares(release), levels, language)
    colours = [{"expr": f"measures[measure].colours[{i}]"} for i in range(len(levels))]
    fill = alt.Fill(
        "centrality:N",
        scale=alt.Scale(domain=levels, range=colours),
        legend=alt.Legend(
            title=None,
            orient="top-left",
            labelExpr="measures[measure].names[datum.value]",
            symbolType="square",
            symbolSize=180,
            symbolStrokeWidth=0.5,
            symbolStrokeColor={"expr": "ink"},
        ),
    )
    chart: alt.Chart = (
        alt.Chart(frame.inline(outlines(class_of), format=alt.TopoDataFormat(feature=OBJECT, type="topojson")))
        .transform_calculate(
            centrality="datum.properties.centrality",
            name="datum.properties.navn",
            shown="measures[measure].names[datum.properties.centrality]",
        )
        .mark_geoshape(stroke=by_theme(BORDER), strokeWidth=0.25)
        .encode(
            fill=fill,
            tooltip=[
                alt.Tooltip("name:N", title=text("figures", "figure_1_municipality", language)),
                alt.Tooltip("centrality:N", title=label("centrality", language)),
                alt.Tooltip("shown:N", title=text("figures", "figure_1_measure", language)),
            ],
        )
        .project(type="transverseMercator", rotate=[-CENTRAL_MERIDIAN, 0, 0])
        .properties(width="container", height=HEIGHT)
    )
    notes = [text("figures", "figure_1_source", language), *notes_of(release, language)]
    params = [alt.param(name="measures", value=measures), measure_choice(measures, language)]
    return frame.framed(chart, language, description(class_of, language), notes, params)


def centrality_of_municipalities(study: Study) -> dict[str, str]:
    """Municipality code of 2020 → class of centrality, by the study's classes."""
    published = study.variables.centrality.codes
    level_of = {code: level for level, codes in published.items() for code in codes}
    with (SEEDS / "municipality_centrality.csv").open(encoding="utf-8") as file:
        return {row["municipality_code_2020"]: level_of[row["centrality_class"]] for row in csv.DictReader(file)}


def outlines(class_of: dict[str, str]) -> dict[str, Any]:
    """The outlines (TopoJSON), each municipality with its class.

    Raises:
        KeyError: a municipality on the map has no class.
    """
    topology: dict[str, Any] = json.loads(OUTLINES.read_text(encoding="utf-8"))
    for geometry in topology["objects"][OBJECT]["geometries"]:
        properties = geometry["properties"]
        properties["centrality"] = class_of[properties["kommunenummer"]]
    return topology


def measures_of(rows: Sequence[Row], levels: Sequence[str], language: Language) -> dict[str, dict[str, object]]:
    """What the map can be coloured by: key → title, and for each class a colour and a name in the legend.

    Shares of an outcome have one scale from 0 to the greatest share of any group, so that groups can be compared;
    darker is more. Withheld shares are grey and named as withheld in the legend.
    """
    ends = [text("figures", "figure_1_most_central", language), levels[-1]]
    ends[1] = text("figures", "figure_1_least_central", language, level=levels[-1])
    names = {level: level for level in levels} | {levels[0]: ends[0], levels[-1]: ends[1]}
    title = text("figures", "figure_1_centrality", language)
    measures: dict[str, dict[str, object]] = {
        "centrality": {"title": title, "colours": list(shades(GREENS, len(levels))), "names": names}
    }
    for outcome in reversed(MOVES):
        greatest = max((row[outcome] or 0 for row in rows), default=0)
        for group in dict.fromkeys(row["population_group"] for row in rows):
            shares = {row["centrality"]: row[outcome] for row in rows if row["population_group"] == group}
            measures[f"{outcome} {group}"] = share_measure(outcome, group, shares, greatest, levels, language)
    return measures


def share_measure(
    outcome: str,
    group: str,
    shares: dict[str, float | None],
    greatest: float,
    levels: Sequence[str],
    language: Language,
) -> dict[str, object]:
    """One group's share of an outcome, class by class."""

    def name(level: str) -> str:
        share = shares.get(level)
        said = text("figures", "withheld", language) if share is None else percent(share, language, 2)
        return text("figures", "figure_1_class_share", language, level=level, share=said)

    def colour(level: str) -> str:
        share = shares.get(level)
        return WITHHELD if share is None else blend(GREENS, 1 - share / greatest if greatest else 1)

    title = text("figures", "figure_1_share", language, outcome=label(outcome, language), group=label(group, language))
    return {
        "title": title,
        "colours": [colour(level) for level in levels],
        "names": {level: name(level) for level in levels},
    }


def measure_choice(measures: dict[str, dict[str, object]], language: Language) -> alt.Parameter:
    """The reader's choice of what the map is coloured by, called `measure` in expressions."""
    bind = alt.binding_select(
        options=list(measures),
        labels=[str(measure["title"]) for measure in measures.values()],
        name=f"{text('figures', 'figure_1_measure', language)}: ",
    )
    return alt.param(name="measure", value="centrality", bind=bind)


def description(class_of: dict[str, str], language: Language) -> str:
    """The text alternative: how many municipalities each class has, and where they are."""
    counts = Counter(class_of.values())
    said = [text("figures", "figure_1_class", language, level=level, n=counts[level]) for level in sorted(counts)]
    return text("figures", "figure_1_description", language, n=len(class_of), classes="; ".join(said))
