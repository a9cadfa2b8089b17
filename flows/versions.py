"""What a release rests on: run ids, the code version, the versions of packages."""

import hashlib
import secrets
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

from flows.home import PROJECT_ROOT

CODE_FOLDERS = ("dbt_project", "expectations", "flows", "models_py", "storage")
CODE_SUFFIXES = {".csv", ".py", ".sql", ".yml", ".yaml", ".json"}
PACKAGES = (
    *("altair", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "highspy", "jinja2", "numba", "numpy"),
    *("prefect", "pyarrow", "scipy", "typst", "vl-convert-python"),
)


def new_run_id() -> str:
    """A run's name: its UTC start, so that names sort by time, and six random digits against collisions."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


@cache
def code_version() -> str:
    """Package version and a hash of all code that can change a published number.

    A hash of the files rather than a commit: it is right with uncommitted changes and without git.
    """
    digest = hashlib.sha256()
    for folder in CODE_FOLDERS:
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            relative = path.relative_to(PROJECT_ROOT)
            if path.suffix in CODE_SUFFIXES and not {"target", "logs", "__pycache__"} & set(relative.parts):
                digest.update(f"{relative.as_posix()}\0".encode() + path.read_bytes())
    return f"{version('flyttepanel')}+{digest.hexdigest()[:12]}"


def package_versions() -> dict[str, str]:
    """Versions of the packages that results, figures and briefs can depend on."""
    return {package: version(package) for package in PACKAGES}
