"""The commands without an orchestrator. `run_refresh` does all that is due on one candidate, and publishes at the end.

`flows/prefect_flows.py` wraps the same functions in flows and tasks.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from flows import steps
from flows.candidate import candidate_warehouse, sole_writer, start_from_warehouse
from flows.home import Home
from flows.rendering import published_release, report
from flows.state import Due, due, everything, late_steps
from flows.switch import finish_publication, finish_switch, publish_release, seal, switch
from flows.versions import new_run_id
from models_py.study import Study

Runner = Callable[..., object]


@contextmanager
def sole_writer_of(home: Home) -> Iterator[None]:
    """Be the only writer in a home; first finish a publication that a crash has interrupted."""
    with sole_writer(home):
        finish_publication(home)
        yield


@contextmanager
def gated_candidate(home: Home, to_build: Study | None = None) -> Iterator[Path]:
    """Yield the candidate for a step that ends at a gate. While it is copied, the gates are imported, and dbt too if
    there is a specification `to_build`.

    The lock is taken first, so a process that it turns away does not wait for the imports.
    """
    with (
        sole_writer_of(home),
        steps.build_at_the_ready(home, to_build) if to_build else nullcontext(),
        steps.gates_at_the_ready(),
        candidate_warehouse(home) as candidate,
    ):
        yield candidate


def run_load(home: Home, study: Study, names: Sequence[str] | None = None) -> int:
    """`flyttepanel load`: all or nothing."""
    with gated_candidate(home) as candidate:
        return steps.load(home, candidate, study, new_run_id(), names)


def run_withdraw(home: Home, study: Study, delivery: str) -> None:
    """`flyttepanel withdraw`: the versions that the delivery replaced are read from landing again."""
    with gated_candidate(home) as candidate:
        steps.withdraw(home, candidate, study, new_run_id(), delivery)


def run_build(home: Home, study: Study, target: str | None = None) -> None:
    """`flyttepanel build`, on a target of `profiles.yml`: stops after gate 2 with `marts.*` in place."""
    with gated_candidate(home, to_build=None if target == "spark" else study) as candidate:
        steps.build(home, candidate, study, new_run_id(), target=target)


def run_validate(home: Home, study: Study) -> int:
    """`flyttepanel validate`: gates 1 and 2 on what is there."""
    with gated_candidate(home) as candidate:
        return steps.validate(home, candidate, study, new_run_id())


def run_estimate(home: Home, study: Study, variants: bool = False) -> None:
    """`flyttepanel estimate`, with or without the study's variants."""
    run_id = new_run_id()
    with sole_writer_of(home), candidate_warehouse(home) as candidate:
        steps.estimate(candidate, study, run_id)
        if variants:
            steps.estimate_variants(home, candidate, study, run_id)


def run_publish(home: Home, study: Study) -> Path:
    """`flyttepanel publish`: a release of what the warehouse holds now."""
    from flows.publish import publish

    with sole_writer_of(home):
        with candidate_warehouse(home) as candidate:
            release = publish(home, candidate, study, new_run_id(), datetime.now(UTC))
        publish_release(home, release)
    return release


def run_report(home: Home, study: Study) -> Path:
    """`flyttepanel report`: render the current release's site and briefs again; its data stay as published."""
    with sole_writer_of(home):
        release = published_release(home, study)
        report(home, release)
        switch(home, release)
    return release


def plainly(name: str, work: Callable[[], object]) -> object:
    """Run a step's work as it is; the flows put a Prefect task around it instead."""
    return work()


def anew(home: Home, candidate: Path, work: Callable[[], object]) -> Callable[[], object]:
    """Work that starts every retry from a new copy of the warehouse: a load that failed half-way leaves some rows."""
    tries = count()

    def once() -> object:
        if next(tries):
            start_from_warehouse(home, candidate)
        return work()

    return once


def whole_again(work: Callable[[bool], object]) -> Callable[[], object]:
    """Work that is told on every retry to do everything: what the failed try left behind has passed no gate."""
    tries = count()
    return lambda: work(next(tries) > 0)


def run_refresh(home: Home, study: Study, run_id: str, around: Runner = plainly, full: bool = False) -> Due:
    """Do everything that is due, or with `full` all that can be done, and publish one release. Returns what was done.

    The warehouse is replaced just before the new release becomes current. A crash between the two leaves the old
    release published, and the next run begins by publishing the new one.
    """
    started_at = datetime.now(UTC)
    with sole_writer_of(home):
        finish_switch(home)
        late = everything(home, study) if full else due(home, study)
        if not late:
            return late
        to_build = steps.build_at_the_ready(home, study) if "build" in late.steps else nullcontext()
        with to_build, steps.gates_at_the_ready(), candidate_warehouse(home) as candidate:
            if "load" in late.steps:
                loaded = around("load", anew(home, candidate, lambda: steps.load(home, candidate, study, run_id)))
                if not loaded and not full:
                    # Files have new times but the same content: the times are recorded, and cause no further step.
                    late = Due([], late_steps(home, candidate, study))
                    if not late:
                        return late
            if "build" in late.steps:
                again = whole_again(lambda whole: steps.build(home, candidate, study, run_id, full or whole))
                around("build", again)
            if "estimate" in late.steps:
                around("estimate", lambda: steps.estimate(candidate, study, run_id))
                if study.variants:
                    around("variants", lambda: steps.estimate_variants(home, candidate, study, run_id))
            from flows.publish import draft_release

            draft = Path(str(around("publish", lambda: draft_release(home, candidate, study, run_id, started_at))))
            around("report", lambda: report(home, draft))
            release = seal(draft, home.releases / run_id)
        publish_release(home, release)
    return late
