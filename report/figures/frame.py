"""What all figures share around the marks: parameters, configuration, notes beneath, and the text alternative.

Belongs here: the frame. Does not belong here: any mark.
"""

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

import altair as alt

from report.language import Language, label, text, words
from report.marks import FAINT, INK, PAPER, by_theme, config

ChartT = TypeVar("ChartT", alt.Chart, alt.LayerChart, alt.FacetChart, alt.LayerChart | alt.FacetChart)
# Widths of the plots in pixels, on a page's column and on a phone, without the vertical axis.
PAGE_WIDTH = 640
PHONE_WIDTH = 290
# Characters in a line of a note, so that it fits beneath a figure on a phone.
NOTE_WIDTH = 52


def framed(
    chart: ChartT,
    language: Language,
    description: str,
    notes: Sequence[str] = (),
    params: Sequence[alt.Parameter] = (),
    usermeta: Mapping[str, object] | None = None,
) -> ChartT:
    """A figure with its frame. `notes` go beneath it, each on a line or more of its own."""
    if notes:
        lines = [line for note in notes for line in wrapped(note)]
        chart = chart.properties(title=alt.TitleParams(text=lines, anchor="start", orient="bottom", offset=12))
    chart = chart.properties(description=description, usermeta=dict(usermeta or {}))
    chart = chart.add_params(*theme(), *params)
    # Altair's `configure` knows no `locale`; the schema does.
    chart.config = alt.Config.from_dict(config(language))
    return chart


class Plain:
    """Values that are JSON already. Altair copies and checks other values at every step, but passes these on."""

    _schema: ClassVar[dict[str, str]] = {"type": "object"}

    def __init__(self, values: object) -> None:
        self.values = values

    def to_dict(self) -> object:
        """The values."""
        return self.values


def inline(values: object, **format: object) -> alt.Data:
    """Data that are part of the specification."""
    return alt.Data(values=Plain(values), **format)  # type: ignore[no-untyped-call]  # Altair leaves it untyped


def theme() -> list[alt.Parameter]:
    """The parameter `dark`, false unless the page sets it, and the colours that follow from it."""
    pairs = {"ink": INK, "faint": FAINT, "paper": PAPER}
    return [
        alt.param(name="dark", value=False),
        *(alt.param(name=name, expr=by_theme(colours)["expr"]) for name, colours in pairs.items()),
    ]


def model_choice(models: Sequence[str], chosen: str, language: Language) -> alt.Parameter:
    """The reader's choice among the release's models, called `model` in expressions.

    Raises:
        ValueError: the release does not have the chosen model.
    """
    if chosen not in models:
        raise ValueError(f"the release has no model {chosen!r}, but {', '.join(models)}")
    names = [label(model, language) for model in models]
    bind = alt.binding_select(options=list(models), labels=names, name=f"{text('figures', 'model', language)}: ")
    return alt.param(name="model", value=chosen, bind=bind)


def responsive(columns: int, margin: int) -> dict[str, object]:
    """What a page needs to fit panels into its width, as `usermeta`.

    Vega-Lite lets a single plot fill its container, but not panels. In the compiled figure their width is the signal
    `child_width`: a page sets it to (width of the container − margin) / columns.
    """
    return {"panels": {"signal": "child_width", "columns": columns, "margin": margin}}


def header(names: Sequence[str], width: int) -> alt.Header:
    """Names over or beside panels, broken into lines of at most `width` characters."""
    broken = {name: wrapped(name, width) for name in names}
    return alt.Header(labelExpr=f"{json.dumps(broken, ensure_ascii=False)}[datum.value]", labelLineHeight=14)


def lines(key: str, language: Language) -> list[str]:
    """A text of `words/figures.yml`, broken into lines at its vertical bars."""
    return words("figures")[key][language].split("|")


def wrapped(note: str, width: int = NOTE_WIDTH) -> list[str]:
    """A note in lines of at most `width` characters, unless a word is longer; the default fits a phone."""
    lines, line = [], ""
    for word in note.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def upper_bound(greatest: float) -> float:
    """The end of an axis of shares from 0: `greatest` rounded up to a round number of one or two digits."""
    power = 10.0**-6
    while True:
        for step in (1, 1.2, 1.6, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8):
            if step * power >= greatest:
                return round(step * power, 9)
        power *= 10
