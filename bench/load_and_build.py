"""Load and build in one process, as a refresh does before it estimates, without Prefect around it.

`python -m bench.load_and_build HOME` logs the steps with their seconds.
"""

import sys
from pathlib import Path

from flows import steps
from flows.home import STUDY_FILE, Home
from flows.log import start_log
from flows.pipeline import gated_candidate
from flows.versions import new_run_id
from models_py.study import load_study
from storage.permissions import process_owner_alone


def main(home: Home) -> None:
    """Load what is due and build from it, each with its gate."""
    study, run_id = load_study(STUDY_FILE), new_run_id()
    with gated_candidate(home, to_build=study) as candidate:
        steps.load(home, candidate, study, run_id)
        steps.build(home, candidate, study, run_id)


if __name__ == "__main__":
    process_owner_alone()
    start_log()
    main(Home(Path(sys.argv[1])))
