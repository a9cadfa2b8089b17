"""What `fit.message` says of few events and of none: in the warehouse in full, in public without telling counts.

Belongs here: those parts of the message. Does not belong here: which counts are withheld (`release_protection`).
"""

from collections.abc import Collection, Iterable

# How the part of a message begins that names them.
FEW_EVENTS = "coefficients that rest on fewer than"
CENTRALITY = "centrality"
# Terms whose levels are counted in public: what a name says of a level is known of its counts.
COUNTED = (CENTRALITY, "year")
# What the part of a message says that tells how many rows a fit does without, and what is said of them in public.
LEFT_OUT = "are left out"
UNSAID_LEFT_OUT = (
    f"rows with a missing value, with which some outcome never occurs, {LEFT_OUT} (the warehouse's estimation.fit says "
    "which and how many)"
)
# How the part begins that names what separates.
SEPARATED = "the data separate by:"
# How the message of a fit begins whose data separate, and which is estimated all the same.
BIAS_REDUCED = "estimates are bias-reduced"
# In public of fits that could not be estimated, where the message names levels without events. A list of where nobody
# emigrates describes those who do: where there are few, until it fits one person.
UNSAID = {
    "empty_outcome": "an outcome never occurs in this group: pool groups or add years of data",
    "separation": "at some levels, or combinations of them, an outcome never occurs, so that estimates would be "
    "infinite: merge levels or leave terms out in study.yml (the warehouse's estimation.fit says which)",
    "collinear": "terms cannot be told apart in this group: leave one out, or choose another reference, in study.yml "
    "(the warehouse's estimation.fit says which)",
    "singular": "coefficients cannot be told apart, or have no standard error: leave terms out in study.yml (the "
    "warehouse's estimation.fit says which)",
}


def event_name(outcome: str, term: str, level: str) -> str:
    """Events of an outcome at a level, as a message names them."""
    return f"{outcome} at {term}={level}"


def says_every_level_has_events(status: str, message: str | None) -> bool:
    """Whether a published fit tells that each of its levels has events of every outcome: else the data separate."""
    return status == "ok" and BIAS_REDUCED not in (message or "")


def few_events_remark(names: Iterable[str], threshold: int) -> str:
    """The levels whose coefficients rest on fewer events than may be counted in public."""
    return f"{FEW_EVENTS} {threshold} events: {', '.join(names)}"


def published_message(message: str, withheld: Collection[str], threshold: int) -> str:
    """The message of an estimated fit as it is published: by what the data separate is not said, nor how many rows it
    does without; of events by centrality, those are named whose number is `withheld` in the release, and by year none.

    These are counted in public, level by level. To name the small ones and no other would tell that every other
    withheld one is not small, and with the margins how small they are. Of other terms' levels no count is published.
    """
    parts = message.split("; ") if message else []
    named = [name for part in parts if part.startswith(FEW_EVENTS) for name in part.partition(": ")[2].split(", ")]
    names = [name for name in named if not any(f" at {term}=" in name for term in COUNTED)] + sorted(withheld)
    said = [part for part in parts if not part.startswith((FEW_EVENTS, SEPARATED)) and LEFT_OUT not in part]
    if any(LEFT_OUT in part for part in parts):
        said.append(UNSAID_LEFT_OUT)
    if names:
        said.append(
            f"{FEW_EVENTS} {threshold} events, or on a number of events that is withheld to protect another: "
            f"{', '.join(names)}"
        )
    return "; ".join(said)
