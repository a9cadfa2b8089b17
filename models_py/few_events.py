"""What `fit.message` says about few or no events: in full in the warehouse, without revealing counts when published.

Belongs here: those parts of the message. Does not belong here: the choice of counts to withhold (`release_protection`).
"""

from collections.abc import Collection, Iterable

# Beginning of the message part that names coefficients with few events.
FEW_EVENTS = "coefficients that rest on fewer than"
CENTRALITY = "centrality"
# Terms with published counts by level: naming a level here would reveal something about its counts.
COUNTED = (CENTRALITY, "year")
# Words in the message part on rows that a fit leaves out, and the published sentence that replaces that part.
LEFT_OUT = "are left out"
UNSAID_LEFT_OUT = (
    f"rows with a missing value, with which some outcome never occurs, {LEFT_OUT} (the warehouse's estimation.fit says "
    "which and how many)"
)
# Beginning of the message part that names what separates the data.
SEPARATED = "the data separate by:"
# Beginning of the message of a fit that is estimated although its data separate.
BIAS_REDUCED = "estimates are bias-reduced"
# Published messages, by status, for fits that could not be estimated and whose own message names levels without events.
# A list of levels where nobody emigrates describes those who do emigrate. If they are few, it can fit a single person.
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
    """The name of an outcome's events at a level in a message."""
    return f"{outcome} at {term}={level}"


def says_every_level_has_events(status: str, message: str | None) -> bool:
    """Whether a published fit reveals that each of its levels has events of every outcome.

    An estimated fit does so unless it is bias-reduced: without those events the data would separate.
    """
    return status == "ok" and BIAS_REDUCED not in (message or "")


def few_events_remark(names: Iterable[str], threshold: int) -> str:
    """The message part on levels whose coefficients rest on fewer events than may be published as a count."""
    return f"{FEW_EVENTS} {threshold} events: {', '.join(names)}"


def published_message(message: str, withheld: Collection[str], threshold: int) -> str:
    """The published message of an estimated fit.

    It does not say what separates the data or how many rows the fit leaves out. Of the events by centrality it names
    all whose number is `withheld` in the release, small or not; of the events by year it names none. For both terms
    counts are published level by level: naming only the small counts would reveal that every other withheld count is
    not small, and, with the margins, how small the named ones are. For levels of other terms no count is published.
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
