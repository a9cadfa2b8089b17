"""The four figures of the policy brief, each one Vega-Lite specification, drawn from a release.

Belongs here: the figures by name, and their forms. Does not belong here: how one is drawn (its own module).

A specification has the parameter `dark` (false unless a page sets the signal), no background, numbers in the format of
its language, a text alternative as `description`, and the width of its container. Figures with panels describe in
`usermeta` how a page fits them.
"""

from collections.abc import Callable
from typing import Any, Literal

import altair as alt
import vl_convert
from altair.utils.schemapi import debug_mode

from report.figures.captions import caption
from report.figures.frame import PAGE_WIDTH
from report.figures.municipalities import figure_1
from report.figures.parameters import figure_3
from report.figures.profiles import figure_4
from report.figures.shares import figure_2
from report.language import Language
from report.release import Release

__all__ = ["FIGURES", "VEGA_LITE", "caption", "chart", "drawn", "in_form", "picture", "specification"]

Format = Literal["svg", "png", "pdf"]
FIGURES: dict[str, Callable[[Release, Language, str], alt.TopLevelMixin]] = {
    "figure_1": figure_1,
    "figure_2": figure_2,
    "figure_3": figure_3,
    "figure_4": figure_4,
}
# The version that Altair writes and vl-convert supports.
VEGA_LITE = "6.4"
PICTURE_SCALE = 2.0


def chart(name: str, release: Release, language: Language, model: str = "pooled") -> alt.TopLevelMixin:
    """A figure as an Altair chart, with `model` selected.

    Raises:
        KeyError: there is no such figure.
        ValueError: the release has no such model.
    """
    return FIGURES[name](release, language, model)


def specification(name: str, release: Release, language: Language, model: str = "pooled") -> dict[str, Any]:
    """A figure as a Vega-Lite specification with its data in it; the page sets its width.

    Altair's checks against the schema would take most of the time, so they are made in tests only.
    """
    with debug_mode(False):
        found: dict[str, Any] = chart(name, release, language, model).to_dict(validate=False)
    return found


def picture(
    name: str, release: Release, language: Language, format: Format, model: str = "pooled", dark: bool = False
) -> bytes:
    """A figure as a picture for a page 640 pixels wide, without its controls. A PNG has twice as many pixels."""
    return in_form(drawn(specification(name, release, language, model), dark), format)


def drawn(specification: dict[str, Any], dark: bool = False) -> str:
    """The SVG of a specification, for a page 640 pixels wide."""
    drawing = specification | {
        "params": [
            parameter | ({"value": dark} if parameter["name"] == "dark" else {})
            for parameter in specification["params"]
        ]
    }
    if drawing.get("width") == "container":
        drawing["width"] = PAGE_WIDTH
    return str(vl_convert.vegalite_to_svg(drawing, vl_version=VEGA_LITE))


def in_form(svg: str, format: Format) -> bytes:
    """A drawn figure in another form."""
    if format == "png":
        return bytes(vl_convert.svg_to_png(svg, scale=PICTURE_SCALE))
    if format == "pdf":
        return bytes(vl_convert.svg_to_pdf(svg))
    return svg.encode()
