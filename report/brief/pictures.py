"""The figures as a brief shows them: the specifications of `report.figures`, sized for a printed page, as SVG.

Belongs here: sizes on paper, and changes that pictures need to share one page. Does not belong here: what a figure
draws.
"""

import re
from dataclasses import dataclass
from typing import Any

import vl_convert

from report.figures import FIGURES, VEGA_LITE, caption, specification
from report.language import Language
from report.release import Release


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its caption, its description for readers who do not see it, and the picture."""

    name: str
    caption: str
    description: str
    svg: str


# Width and height of a plot, or of each panel, in the figure's pixels. Scaled to its width on the page, the picture
# then has text of about 8 points.
PRINTED: dict[str, tuple[int, int]] = {
    "figure_1": (330, 440),
    "figure_2": (640, 270),
    "figure_3": (190, 190),
    "figure_4": (94, 94),
}


def draw(release: Release, language: Language) -> dict[str, Figure]:
    """The figures of a release."""
    return {name: figure(name, release, language) for name in FIGURES}


def figure(name: str, release: Release, language: Language) -> Figure:
    """A figure of a release, sized for print."""
    drawing = specification(name, release, language)
    told = caption(name, release, language)
    svg = vl_convert.vegalite_to_svg(printed(drawing, *PRINTED[name]), vl_version=VEGA_LITE)
    return Figure(name, told, drawing["description"], with_own_names(svg, name))


def printed(drawing: dict[str, Any], width: int, height: int) -> dict[str, Any]:
    """The specification with a plot or panels of this size; rows of panels become columns if there are more rows.

    Six family situations side by side fill a page better than six rows.
    """
    if "facet" not in drawing:
        return drawing | {"width": width, "height": height}
    facet = drawing["facet"]
    if "row" in facet and len(facet["row"]["sort"]) > len(facet["column"]["sort"]):
        facet = {"column": facet["row"], "row": facet["column"]}
    return drawing | {"facet": facet, "spec": drawing["spec"] | {"width": width, "height": height}}


def with_own_names(svg: str, name: str) -> str:
    """The SVG with its name in every identifier, so that two pictures on one page do not share identifiers."""
    for identifier in set(re.findall(r'\bid="([^"]+)"', svg)):
        svg = re.sub(rf'(\bid="|url\(#|href="#){re.escape(identifier)}(?=["\)])', rf"\g<1>{name}-{identifier}", svg)
    return svg
