"""Colours and markers: how a group, a class of centrality and an outcome look, wherever they are drawn.

Belongs here: the looks that figures, tables, brief and site share. Does not belong here: any figure.

Groups differ by marker and hue, as in the policy brief: blue circles, purple squares, orange triangles. Within a
group a darker shade is more central. The purple is reddish, so that colour-blind readers can tell it from the blue.
The shades fall evenly in lightness, so that their order survives grey print.
"""

from collections.abc import Collection, Sequence

from report.language import Language

# Darkest (most central) first.
RAMPS = {
    "immigrant": ("#08306b", "#1763ab", "#3f8fc6", "#7fb9dd", "#b9d9ee"),
    "norwegian_born": ("#4d0a4a", "#872680", "#ad559f", "#cb8abf", "#e6c1dd"),
    "native": ("#7a2600", "#b04a04", "#db7116", "#f29b50", "#facb9b"),
}
SHAPES = {"immigrant": "circle", "norwegian_born": "square", "native": "triangle-up"}
# For groups that a changed study.yml adds: shades of grey, and a marker that no other group has.
SPARE_SHAPE = "diamond"
GREYS = ("#252525", "#5a5a5a", "#858585", "#b0b0b0", "#d6d6d6")
# The map's own ramp, in a hue of no group.
GREENS = ("#07463c", "#1d6f64", "#4d998d", "#96c6bc", "#d3e6e1")
WITHHELD = "#9a9a9a"

# (on paper, in the dark)
OUTCOME_COLOURS = {"emigration": ("#c1272d", "#f2777a"), "internal_move": ("#6f6f6f", "#b4b4b4")}
OUTCOME_SHAPES = {"emigration": "circle", "internal_move": "diamond"}

# Ink and faint lines by the parameter `dark`, which the page that shows a figure may set.
INK = ("#1d1d1d", "#ececec")
FAINT = ("#dcdcdc", "#4a4a4a")
PAPER = ("#ffffff", "#16181c")
# Borders of municipalities: in the dark, a line in the page's colour would not show between the darkest shades.
BORDER = ("#ffffff", "#8b9896")

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
LOCALES = {
    "nb": {"decimal": ",", "thousands": "\u202f", "grouping": [3], "currency": ["", " kr"], "percent": "\u00a0%",
           "minus": "\u2212"},
    "en": {"decimal": ".", "thousands": "\u202f", "grouping": [3], "currency": ["NOK ", ""], "percent": "%",
           "minus": "\u2212"},
}  # fmt: skip


def ramp(group: str) -> tuple[str, ...]:
    """A group's shades, the darkest first."""
    return RAMPS.get(group, GREYS)


def shape(group: str) -> str:
    """A group's marker."""
    return SHAPES.get(group, SPARE_SHAPE)


def in_order(groups: Collection[str]) -> list[str]:
    """Groups in the order in which they are always shown; groups that a changed study.yml adds come last."""
    return [*(group for group in RAMPS if group in groups), *sorted(set(groups) - RAMPS.keys())]


def by_theme(colours: tuple[str, str]) -> dict[str, str]:
    """The Vega expression for a pair of colours: one on paper, one in the dark."""
    return {"expr": f"dark ? '{colours[1]}' : '{colours[0]}'"}


def shades(ramp: Sequence[str], n: int) -> tuple[str, ...]:
    """`n` colours evenly along a ramp, its ends included, as `#rrggbb`."""
    if n == 1:
        return (ramp[0],)
    return tuple(blend(ramp, i / (n - 1)) for i in range(n))


def blend(ramp: Sequence[str], at: float) -> str:
    """The colour at a place between 0 (the ramp's first) and 1 (its last), linear in sRGB between neighbours."""
    place = min(max(at, 0.0), 1.0) * (len(ramp) - 1)
    left = min(int(place), len(ramp) - 2)
    parts = zip(channels(ramp[left]), channels(ramp[left + 1]), strict=True)
    return "#" + "".join(f"{round(a + (place - left) * (b - a)):02x}" for a, b in parts)


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def config(language: Language) -> dict[str, object]:
    """Vega-Lite's `config` for every figure: no background, ink by `dark`, numbers in the language's format."""
    ink, faint = {"expr": "ink"}, {"expr": "faint"}
    text = {"labelColor": ink, "titleColor": ink, "labelFont": FONT, "titleFont": FONT}
    return {
        "background": "transparent",
        "font": FONT,
        "locale": {"number": LOCALES[language]},
        "view": {"stroke": None},
        "axis": {
            **text,
            "domainColor": ink,
            "tickColor": ink,
            "gridColor": faint,
            "labelFontSize": 11,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
        },
        "legend": {
            **text,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 400,
            "layout": {"expr": "{top: {direction: 'vertical', anchor: 'start', margin: 6}}"},
        },
        "header": {**text, "labelFontSize": 12, "labelLimit": 400, "labelFontWeight": "bold"},
        "title": {"color": ink, "font": FONT, "fontSize": 11, "fontWeight": "normal", "subtitleColor": ink},
        "text": {"color": ink, "font": FONT},
    }
