"""What is shared: a release's folder is all that its readers need, wherever it is, and the home may be out of reach."""

import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from report.release import open_results, read_release
from tests.flows.conftest import Refreshed

# As a tag has it; a script's own strings are not references.
REFERENCE = re.compile(r"""<[a-z]+\s[^<>]*?(?:href|src)=["']([^"'{}]+)["']""")


@pytest.fixture
def shared(own_copy: Refreshed, tmp_path: Path) -> Path:
    """A copy of the current release elsewhere, while the home it came from is gone."""
    release = tmp_path / "elsewhere" / "release"
    shutil.copytree(own_copy.home.current.resolve(), release, symlinks=True)
    shutil.rmtree(own_copy.home.path)
    return release


def test_a_release_needs_nothing_else(shared: Path, own_copy: Refreshed) -> None:
    assert not own_copy.home.path.exists()
    links = [path for path in shared.rglob("*") if path.is_symlink()]
    assert links
    for link in links:
        assert not os.path.isabs(os.readlink(link))
        assert shared in link.resolve(strict=True).parents
    assert read_release(shared).rows("select count(*) as n from results.hypothesis_verdict")[0]["n"] > 0
    with open_results(shared / "results.duckdb") as con:
        tables = con.sql("select schema_name, table_name from duckdb_tables() union all select schema_name, view_name "
                         "from duckdb_views() where not internal").fetchall()  # fmt: skip
        assert ("results", "coefficient") in tables
        for schema, table in tables:
            con.sql(f"from {schema}.{table}").fetchall()


def test_every_page_finds_what_it_shows_and_links_to(shared: Path) -> None:
    site = (shared / "site").resolve()
    # The references of dbt docs are routes within its one page.
    pages = [page for page in site.rglob("*.html") if "dbt_docs" not in page.parts]
    assert len(pages) > 5
    for page in pages:
        for reference in REFERENCE.findall(page.read_text(encoding="utf-8")):
            parts = urlsplit(reference)
            if parts.path and not parts.scheme:
                file = (page.parent / unquote(parts.path)).resolve()
                assert file.exists(), (page, reference)
                assert shared in file.parents


def test_nothing_in_it_names_the_home(shared: Path, own_copy: Refreshed, refreshed: Refreshed) -> None:
    homes = [str(home.path).encode() for home in (own_copy.home, refreshed.home)]
    for path in shared.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert not any(home in path.read_bytes() for home in homes), path
    assert json.loads((shared / "manifest.json").read_text())["run_id"]


def test_it_is_readable_for_all_and_the_home_for_its_owner_alone(refreshed: Refreshed) -> None:
    home = refreshed.home
    modes = {path: path.stat().st_mode & 0o777 for path in [home.path, *home.path.rglob("*")] if not path.is_symlink()}
    for path, mode in modes.items():
        if home.releases in path.parents:
            assert mode == (0o755 if path.is_dir() else 0o644), path
        elif home.landing not in path.parents:
            assert mode == (0o700 if path.is_dir() else 0o600), path
