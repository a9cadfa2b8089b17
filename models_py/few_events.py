"""Naming the coefficients that rest on few events, in the warehouse exactly and in public without telling which counts
are small.

Belongs here: that part of `fit.message`. Does not belong here: which counts are withheld (`release_protection`).
"""

from collections.abc import Collection, Iterable

# How the part of a message begins that names them.
FEW_EVENTS = "coefficients that rest on fewer than"
CENTRALITY = "centrality"


def event_name(outcome: str, term: str, level: str) -> str:
    """Events of an outcome at a level, as a message names them."""
    return f"{outcome} at {term}={level}"


def few_events_remark(names: Iterable[str], threshold: int) -> str:
    """The levels whose coefficients rest on fewer events than may be counted in public."""
    return f"{FEW_EVENTS} {threshold} events: {', '.join(names)}"


def published_message(message: str, withheld: Collection[str], threshold: int) -> str:
    """A message as it is published: of events by centrality, those are named whose number is `withheld` in the release.

    These are counted in public, level by level. To name the small ones and no other would tell that every other
    withheld one is not small, and with the margins how small they are. Of other terms' levels no count is published.
    """
    parts = message.split("; ") if message else []
    named = [name for part in parts if part.startswith(FEW_EVENTS) for name in part.partition(": ")[2].split(", ")]
    names = [name for name in named if f" at {CENTRALITY}=" not in name] + sorted(withheld)
    said = [part for part in parts if not part.startswith(FEW_EVENTS)]
    if names:
        said.append(
            f"{FEW_EVENTS} {threshold} events, or on a number of events that is withheld to protect another: "
            f"{', '.join(names)}"
        )
    return "; ".join(said)
