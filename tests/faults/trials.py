"""Trials: a fault at a step, then everything that must hold afterwards.

Right after the fault, what is published is one readable release, and another than before only if a publication may
have come through. Then the next refresh succeeds and ends in the tables of an undisturbed run.
"""

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.home import Home
from tests.faults import published, tasks
from tests.faults.kinds import Kind, Trial
from tests.faults.stages import Stages

PUBLISHES = ("publish", "refresh")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a fault: how the step ended, and what should have held and did not."""

    kind: str
    step: str
    outcome: str
    violations: tuple[str, ...] = ()


def one_after_another(stages: Stages, step: str, kinds: Sequence[Kind], seed: str) -> Iterator[Result]:
    """Faults at one step, each met by a run that starts on what the one before left; then a refresh is let through.

    A step that has come through is not tried again: the rest of the faults get a home directory of their own.
    """
    trial = Trial(stages, Home(stages.copy_for(step)), step, random.Random(f"{step} {seed}"))
    can_publish = step in PUBLISHES
    for number, kind in enumerate(kinds, start=1):
        can_publish = can_publish or kind.must_complete
        outcome = kind.inject(trial)
        violations = look(trial, can_publish)
        came_through = outcome.startswith("done")
        if kind.must_complete and not came_through:
            violations.append(f"should have come through, but: {outcome}")
        if outcome == "stuck" and not kind.may_stick:
            violations.append("the step did not end")
        if came_through or number == len(kinds):
            violations += aftermath(trial)
            end(trial, violations)
        yield Result(kind.name, step, outcome.split(",")[0].split(":")[0], tuple(violations))
        if came_through and number < len(kinds):
            yield from one_after_another(stages, step, kinds[number:], f"{seed}+")
        if came_through:
            return


def end(trial: Trial, violations: list[str]) -> None:
    """Remove the home directory of a trial; one in which something did not hold is kept for whoever looks into it."""
    if not violations:
        shutil.rmtree(trial.home.path)


def look(trial: Trial, can_publish: bool) -> list[str]:
    """What a reader finds wrong with what is published."""
    ended = trial.stages.warm.run(published.current_release, trial.home.path)
    if ended.error:
        return [f"published: {ended.error[0]} {end_of(ended.error[1])}"]
    stays = (trial.step == "report" and trial.stages.after.run_id) or trial.stages.before.run_id
    return [] if can_publish or ended.value == stays else [f"published: {ended.value} in place of {stays}"]


def aftermath(trial: Trial) -> list[str]:
    """What does not hold after the next refresh."""
    steps = ("report", "refresh") if trial.step == "report" else ("refresh",)
    for step in steps:
        ended = trial.stages.warm.run(tasks.step, trial.home.path, step)
        if ended.outcome != "done":
            text = end_of(ended.error[1]) if ended.error else ""
            return [f"the next {step} ends with {ended.outcome} {text}"]
    ended = trial.stages.warm.run(published.state, trial.home.path)
    if ended.error:
        return [f"after the next refresh: {ended.error[0]} {end_of(ended.error[1])}"]
    differing = published.differing(trial.stages.after.tables, ended.value.tables)
    return [f"after the next refresh, {name} differs" for name in differing]


def end_of(text: str) -> str:
    """The end of a traceback."""
    return text[-1500:]
