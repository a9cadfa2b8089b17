"""Why a verdict flipped: by data, specification or code.

If only one of them differs between two releases, it is the cause. If several differ, the second release is judged again
with the data, the specification, or both of the first: if holding one back gives another verdict, it was needed for the
flip. Old code cannot be run; what neither data nor specification accounts for is attributed to the code.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flows.diff.held_back import CannotHoldBack, Manifest, Verdicts, ending_in, study_of, verdicts_under
from flows.diff.published import VerdictChange
from flows.home import Home
from flows.versions import code_version

# Packages count as code: they can change a verdict too, and their old versions cannot be run from here either.
CODE = ("code", "packages")
RERUN = ("data", "specification")

HeldBack = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a verdict flipped. `causes` is empty if it cannot be known; `held_back`: verdicts by what was held back."""

    model: str
    hypothesis_id: str
    causes: tuple[str, ...]
    reason: str
    held_back: dict[str, str]


@dataclass(frozen=True, slots=True)
class Experiment:
    """The second release judged again with something held back: its verdicts, or why there are none."""

    verdicts: Verdicts
    failure: str | None = None
    remark: str | None = None


def explain(
    home: Home, a: Manifest, b: Manifest, differs: Collection[str], verdicts: Collection[VerdictChange]
) -> tuple[Explanation, ...]:
    """Why each flipped verdict flipped. Re-estimates on scratch copies if several causes are possible."""
    flips = [change for change in verdicts if change.flipped]
    possible = tuple(dict.fromkeys("code" if cause in CODE else cause for cause in differs))
    if not flips or len(possible) < 2:
        return tuple(explanation_without_experiment(flip, possible) for flip in flips)
    models = {flip.model for flip in flips}
    found = {
        held_back: experiment(home, a, b, held_back, models)
        for held_back in experiments_needed(possible, code_is_seconds=b["code_version"] == code_version())
    }
    return tuple(explanation_by_experiment(flip, possible, found) for flip in flips)


def explanation_without_experiment(flip: VerdictChange, possible: tuple[str, ...]) -> Explanation:
    """A flip between releases that differ in one thing, or in none."""
    reason = f"nothing but the {possible[0]} differs" if possible else "nothing differs in what they rest on"
    return Explanation(flip.model, flip.hypothesis_id, possible, reason, {})


def experiments_needed(possible: tuple[str, ...], code_is_seconds: bool) -> list[HeldBack]:
    """What to hold back: data and specification, each by itself; all that differs of them, if the code differs too, to
    see what is left for it to explain; and nothing, to check that the current code gives the second release's verdicts,
    if it is not the code of that release."""
    rerun = tuple(cause for cause in RERUN if cause in possible)
    needed: list[HeldBack] = [(cause,) for cause in rerun]
    needed += [rerun] if "code" in possible else []
    return list(dict.fromkeys([*needed, *([] if code_is_seconds else [()])]))


def experiment(home: Home, a: Manifest, b: Manifest, held_back: HeldBack, models: Collection[str]) -> Experiment:
    """Judge the second release with something of the first."""
    remark, what = None, " and ".join(held_back) or "nothing"
    try:
        study = study_of(a if "specification" in held_back else b)
        if "data" not in held_back:
            return Experiment(verdicts_under(home, b, study, models, what))
        try:
            return Experiment(verdicts_under(home, a, study, models, what))
        except CannotHoldBack as error:
            if not a["last_year"] < b["last_year"]:
                raise
            remark = f"of the data only the years after {a['last_year']} were held back: {error}"
            return Experiment(verdicts_under(home, b, ending_in(study, a["last_year"]), models, what), remark=remark)
    except CannotHoldBack as error:
        return Experiment({}, failure=f"with {what} held back: {error}")


def explanation_by_experiment(
    flip: VerdictChange, possible: tuple[str, ...], found: Mapping[HeldBack, Experiment]
) -> Explanation:
    """What the experiments say about one flip."""
    key = (flip.model, flip.hypothesis_id)
    if failures := [one.failure for one in found.values() if one.failure]:
        return Explanation(*key, (), f"cannot be told: {'; '.join(failures)}", {})
    verdicts = {held_back: one.verdicts[key] for held_back, one in found.items()}
    causes, reason = causes_of(flip, possible, verdicts)
    remarks = dict.fromkeys(one.remark for one in found.values() if one.remark)
    told = {" and ".join(held_back) or "nothing": verdict for held_back, verdict in verdicts.items()}
    return Explanation(*key, causes, "; ".join([reason, *remarks]), told)


def causes_of(
    flip: VerdictChange, possible: tuple[str, ...], verdicts: Mapping[HeldBack, str]
) -> tuple[tuple[str, ...], str]:
    """Causes of a flip, and the reason in words."""
    if verdicts.get((), flip.after) != flip.after:
        return (), "cannot be told: the code of now does not come to the second release's verdict from its own basis"
    rerun = tuple(cause for cause in RERUN if cause in possible)
    if "code" in possible and verdicts[rerun] == flip.after:
        return ("code",), f"by elimination: it comes to the new verdict from the old {' and '.join(rerun)} too"
    needed = tuple(cause for cause in rerun if verdicts[cause,] != flip.after)
    if "code" in possible and verdicts[rerun] != flip.before:
        return (*(needed or rerun), "code"), "the old verdict does not come back with what can be held back"
    if not needed:
        return rerun, "each of them is enough by itself"
    if len(needed) < len(rerun):
        return needed, "the new verdict needs it, and nothing else"
    return needed, "the new verdict needs " + ("it" if len(needed) == 1 else "both")
