"""Trials: a fault at a step, then everything that must hold afterwards.

Right after the fault, what is published is one readable release, and another than before only if a publication may
have come through. Then the next refresh succeeds and ends in the tables of an undisturbed run.
"""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from flows.home import Home
from tests.faults import published, tasks
from tests.faults.kinds import Kind, Trial, kill
from tests.faults.stages import Stages

PUBLISHES = ("publish", "refresh")
CHAIN = 5  # kills in one home directory before a refresh is let through


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a fault: how the step ended, and what should have held and did not."""

    kind: str
    step: str
    outcome: str
    violations: tuple[str, ...] = ()


def try_kind(stages: Stages, kind: Kind, step: str, seed: int) -> Result:
    """One fault at one step."""
    trial = begin(stages, step, f"{kind.name} {step} {seed}")
    outcome = kind.inject(trial)
    violations = []
    if kind.must_complete and outcome.removesuffix(" before") != "done":
        violations.append(f"should have come through, but: {outcome}")
    violations += aftermath(trial, can_publish=kind.must_complete or step in PUBLISHES)
    end(trial, violations)
    return Result(kind.name, step, outcome.split(",")[0].split(":")[0], tuple(violations))


def kill_again_and_again(stages: Stages, step: str, n_kills: int, seed: int) -> Iterator[Result]:
    """Kill a step so many times, the next one starting on what the last one left; every few, let a refresh through."""
    chain = 0
    while n_kills:
        trial = begin(stages, step, f"chain {step} {seed} {chain}")
        chain += 1
        results: list[Result] = []
        violations: list[str] = []
        while n_kills and len(results) < CHAIN:
            outcome = kill(trial)
            n_kills -= outcome == "killed"
            violations = look(trial, can_publish=step in PUBLISHES)
            results.append(Result("kill", step, outcome, tuple(violations)))
            if outcome != "killed":
                break
        violations = aftermath(trial, can_publish=step in PUBLISHES)
        end(trial, violations)
        last = results.pop()
        yield from results
        yield Result(last.kind, last.step, last.outcome, (*last.violations, *violations))


def begin(stages: Stages, step: str, seed: str) -> Trial:
    """A home directory for a trial."""
    return Trial(stages, Home(stages.copy_for(step)), step, random.Random(seed))


def end(trial: Trial, violations: list[str]) -> None:
    """Remove the home directory of a trial; one in which something did not hold is kept for whoever looks into it."""
    if not violations:
        shutil.rmtree(trial.home.path)


def look(trial: Trial, can_publish: bool) -> list[str]:
    """What a reader finds wrong with what is published."""
    ended = trial.stages.warm.run(published.current_release, trial.home.path)
    if ended.error:
        return [f"published: {ended.error[0]} {last_line(ended.error[1])}"]
    stays = (trial.step == "report" and trial.stages.after.run_id) or trial.stages.before.run_id
    return [] if can_publish or ended.value == stays else [f"published: {ended.value} in place of {stays}"]


def aftermath(trial: Trial, can_publish: bool) -> list[str]:
    """What does not hold after a fault, now and after the next refresh."""
    violations = look(trial, can_publish)
    steps = ("report", "refresh") if trial.step == "report" else ("refresh",)
    for step in steps:
        ended = trial.stages.warm.run(tasks.step, trial.home.path, step)
        if ended.outcome != "done":
            text = last_line(ended.error[1]) if ended.error else ""
            return [*violations, f"the next {step} ends with {ended.outcome} {text}"]
    ended = trial.stages.warm.run(published.state, trial.home.path)
    if ended.error:
        return [*violations, f"after the next refresh: {ended.error[0]} {last_line(ended.error[1])}"]
    differing = published.differing(trial.stages.after.tables, ended.value.tables)
    return [*violations, *(f"after the next refresh, {name} differs" for name in differing)]


def last_line(text: str) -> str:
    """The last line of a traceback, with the lines of ours it came through."""
    return text[-1500:]
