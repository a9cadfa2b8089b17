"""Every kind of fault at every step it applies to, and hundreds of kills at random moments: `make test-faults`.

    python -m tests.faults.campaign [--kills N] [--seed S] [--only KIND…] [--persons N]

Prints each violation when it is found, and at the end a table of counts by fault, step and outcome. Exit code 0 only
if everything held. Belongs here: what is tried how often. Does not belong here: the faults (`kinds`), and what must
hold after them (`trials`).
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from math import ceil
from pathlib import Path

from tests.faults.kinds import KILL, KINDS, Kind, can_mount
from tests.faults.stages import Stages
from tests.faults.tasks import PERSONS
from tests.faults.trials import Result, one_after_another
from tests.faults.warm import WarmParent

# Of all kills, the share of each step: more where more is written.
KILLS = {"load": 0.15, "build": 0.2, "validate": 0.1, "estimate": 0.1, "publish": 0.25, "report": 0.1, "refresh": 0.1}
CHAIN = 8  # faults in one home directory before a refresh is let through
SPARE = 1.2  # some steps end before they are killed
WORKERS = 2
Job = Callable[[], Iterable[Result]]


def jobs_of(stages: Stages, step: str, kinds: Sequence[Kind], seed: int) -> list[Job]:
    """Chains of faults at a step."""

    def job(first: int) -> Job:
        return lambda: one_after_another(stages, step, kinds[first : first + CHAIN], f"{seed} {first} {kinds[0].name}")

    return [job(first) for first in range(0, len(kinds), CHAIN)]


def campaign(stages: Stages, kinds: Sequence[Kind], n_kills: int, seed: int) -> list[Job]:
    """Each kind of fault once at each step it applies to, and kills at random moments of every step, in any order."""
    chance = random.Random(seed)
    jobs: list[Job] = []
    for step, share in KILLS.items():
        of_step = [kind for kind in kinds if step in kind.steps]
        chance.shuffle(of_step)
        jobs += jobs_of(stages, step, of_step, seed) if of_step else []
        jobs += jobs_of(stages, step, [KILL] * ceil(share * n_kills * SPARE), seed) if n_kills else []
    chance.shuffle(jobs)  # cut short, a campaign has still tried something of everything
    return jobs


def main() -> int:
    """Run the campaign. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="kills at random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], help="only these kinds of fault")
    parser.add_argument("--persons", type=int, default=PERSONS, help="of the simulated Norway")
    asked = parser.parse_args()
    start = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="flyttepanel-faults-"))
    results: list[Result] = []
    with WarmParent(folder) as warm:
        stages = Stages(warm, folder, asked.persons)
        told = ", ".join(f"{step} {seconds:.1f}" for step, seconds in stages.seconds.items())
        print(f"seed {asked.seed}, in {folder}; seconds undisturbed: {told}", flush=True)
        kinds = [kind for kind in KINDS if not asked.only or kind.name in asked.only]
        if not can_mount(folder):
            print("no small file systems can be had here (not root): the fault `full disk` is left out")
            kinds = [kind for kind in kinds if kind.name != "full disk"]
        jobs = campaign(stages, kinds, asked.kills, asked.seed)
        with ThreadPoolExecutor(WORKERS) as workers:
            for done in as_completed([workers.submit(lambda job=job: list(job())) for job in jobs]):
                for result in done.result():
                    results.append(result)
                    say(result, len(results), time.monotonic() - start)
    return summary(results, asked.kills, time.monotonic() - start)


def say(result: Result, number: int, seconds: float) -> None:
    """A line for each fault; more where something did not hold."""
    print(f"{seconds:7.0f} s {number:4d}  {result.kind} at {result.step}: {result.outcome}", flush=True)
    for violation in result.violations:
        print(f"VIOLATION  {violation}", flush=True)


def summary(results: list[Result], n_kills: int, seconds: float) -> int:
    """Print the table of counts. Returns the exit code."""
    print(f"\n{'fault':24}{'step':10}{'outcome':28}{'times':>6}")
    for (kind, step, outcome), n_times in sorted(Counter((r.kind, r.step, r.outcome) for r in results).items()):
        print(f"{kind:24}{step:10}{outcome:28}{n_times:6d}")
    n_killed = sum(result.outcome == "killed" for result in results if result.kind == "kill")
    n_bad = sum(bool(result.violations) for result in results)
    kinds = len({result.kind for result in results})
    print(f"\n{len(results)} faults of {kinds} kinds, {n_killed} kills at random moments, {seconds / 60:.0f} minutes")
    print(f"{n_bad} times something did not hold")
    return int(n_bad > 0 or n_killed < n_kills)


if __name__ == "__main__":
    sys.exit(main())
