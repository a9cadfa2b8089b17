"""Debian's Chromium, driven by Playwright, and one small site that all tests look at, from a server and from disk."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from flows.home import STUDY_FILE
from models_py.study import Study, load_study
from report.release import Release, read_release
from report.site import write_site
from report.sql_page import is_built
from tests.browser.visit import Visit
from tests.releases import write_release

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A fresh profile is Playwright's own; the rest keeps Chromium from calling home and from needing a graphics card.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Of this package alone: while Playwright is open its event loop runs, and Prefect's tests start their own."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: pages are NOT looked at (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study(STUDY_FILE)


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, study: Study) -> Release:
    return read_release(write_release(tmp_path_factory.mktemp("release") / "release", study))


@pytest.fixture(scope="package")
def site(browser: Browser, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the release's site."""
    into = tmp_path_factory.mktemp("written") / "site"
    write_site(release, into, release.results.parent, briefs=[])
    return into


@pytest.fixture(scope="package")
def served(site: Path) -> Iterator[str]:
    """The address of the site on a plain file server."""
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(site))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="package")
def from_disk(site: Path) -> str:
    """The address of the site as a folder that is double-clicked."""
    return f"{site.as_uri()}/"


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """A reader of a desktop screen, in light colours."""
    with Visit(browser) as started:
        yield started


@pytest.fixture(scope="session")
def sql_page_built() -> None:
    if not is_built():
        pytest.skip("the SQL page's bundle is not built: the page is NOT tested (make sql-page, which needs Node)")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A file server that does not write a line for each request."""

    def log_message(self, *_told: object) -> None:
        """Say nothing."""
