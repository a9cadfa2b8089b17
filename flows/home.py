"""Where things lie: the project's own folders, and the home directory with all state."""

import os
from dataclasses import dataclass
from pathlib import Path

from storage.permissions import owner_alone, refuse_shared

PROJECT_ROOT = Path(__file__).resolve().parents[1]
STUDY_FILE = PROJECT_ROOT / "study.yml"
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
SEEDS = DBT_PROJECT / "seeds"
# SQLAlchemy reads what follows a ? as options; Great Expectations reads a $ as an environment variable.
ODD_IN_PATHS = frozenset("$?")


class UnreadableHome(ValueError):
    """The path of a home has a character that a library would misread."""


@dataclass(frozen=True, slots=True)
class Home:
    """The home directory. Everything in it is created for the owner alone."""

    path: Path

    @property
    def landing(self) -> Path:
        """Deliveries, one folder each, untouched by us."""
        return self.path / "landing"

    @property
    def warehouse(self) -> Path:
        """The confidential database."""
        return self.path / "warehouse.duckdb"

    @property
    def releases(self) -> Path:
        """One folder per release."""
        return self.path / "releases"

    @property
    def current(self) -> Path:
        """Link to the current release's folder: the one thing a publication switches."""
        return self.path / "current"

    @property
    def last_published(self) -> Path:
        """Link to the release that was published last, even if `current` has been pointed back to an earlier one."""
        return self.releases / "last_published"

    @property
    def results(self) -> Path:
        """Link, through `current`, to the published database."""
        return self.path / "results.duckdb"

    @property
    def site(self) -> Path:
        """Link, through `current`, to the published site."""
        return self.path / "site"

    @property
    def logs(self) -> Path:
        """Log files, and refusals.jsonl."""
        return self.path / "logs"

    @property
    def operations(self) -> Path:
        """The operators' settings; may be missing."""
        return self.path / "operations.yml"

    @property
    def refusals(self) -> Path:
        """One JSON line for every refusal: rules, columns, row numbers, counts."""
        return self.logs / "refusals.jsonl"

    @property
    def work(self) -> Path:
        """Scratch of running steps: candidates, dbt's target, Prefect's state. Safe to delete when nothing runs."""
        return self.path / "work"

    @property
    def candidate(self) -> Path:
        """The copy of the warehouse that a step works on."""
        return self.work / "candidate.duckdb"

    @property
    def dbt(self) -> Path:
        """dbt's own files of a build."""
        return self.work / "dbt"

    def create(self) -> None:
        """Make the folders that must be there, readable by the owner alone.

        Raises:
            HomeShared: the home directory is there, and others have rights to it.
            FileNotFoundError: `landing` is a link that leads nowhere.
        """
        refuse_shared(self.path)
        insist_that_leads_somewhere(self.landing)
        with owner_alone():
            for folder in (self.path, self.landing, self.releases, self.logs, self.work):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def is_broken_link(path: Path) -> bool:
    """Whether a path is a link that leads to nothing."""
    return path.is_symlink() and not path.exists()


def insist_that_leads_somewhere(landing: Path) -> None:
    """Refuse a link that leads nowhere: if its medium is not mounted, it would look as if nothing were due.

    Raises:
        FileNotFoundError: `landing` is a link that leads nowhere.
    """
    if is_broken_link(landing):
        raise FileNotFoundError(f"{landing} is a link that leads nowhere: is the medium mounted that it leads to?")


def home_from(path: str | None) -> Home:
    """The home directory: `--home`, else FLYTTEPANEL_HOME, else ./var."""
    return Home(Path(path or os.environ.get("FLYTTEPANEL_HOME") or "var").resolve())


def insist_that_there(home: Path) -> None:
    """Insist that a home directory exists. If it were created here, a mistyped path would look like an empty home.

    Raises:
        NotADirectoryError: it is a file.
        FileNotFoundError: it is not there.
    """
    if home.is_dir():
        return
    if home.exists():
        raise NotADirectoryError(f"{home}: no directory, and so no home directory")
    raise FileNotFoundError(
        f"{home}: there is no such home directory; is its disk mounted, and is it the one that is meant (--home, "
        f"FLYTTEPANEL_HOME)? A new one: mkdir -p -m 700 {home} && mkdir {home / 'landing'}"
    )


def refuse_odd(home: Path) -> None:
    """Refuse a path with a character that a library would misread.

    Raises:
        UnreadableHome: it has one of `ODD_IN_PATHS`.
    """
    if odd := sorted(ODD_IN_PATHS.intersection(str(home))):
        raise UnreadableHome(f"{home}: a home's path cannot have {' or '.join(odd)}; move it elsewhere")
