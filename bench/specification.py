"""The study's own specification, as the benchmarks estimate it."""

from functools import cache
from pathlib import Path

from models_py.study import Study, load_study

PROJECT_ROOT = Path(__file__).parents[1]


@cache
def study() -> Study:
    """`study.yml` as it stands."""
    return load_study(PROJECT_ROOT / "study.yml")
