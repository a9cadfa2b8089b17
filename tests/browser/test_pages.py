"""Every page of the site, in both languages, on a phone and a desktop, in light and dark: nothing is wrong with it."""

import itertools
import shutil
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser

from report.language import LANGUAGES, Language
from report.release import Release
from report.site.page import FOLDERS, PAGES, write_page
from tests.browser.visit import Scheme, Visit

IN_BOTH_LANGUAGES = pytest.mark.parametrize("language", LANGUAGES)
# Each language and each scheme once; the other turns with `make test-long`.
IN_THE_GATE = {("nb", "light"), ("en", "dark")}
TURNS = [
    pytest.param(*turn, marks=() if turn in IN_THE_GATE else pytest.mark.campaign)
    for turn in itertools.product(LANGUAGES, get_args(Scheme))
]


def pages_of(site: Path, language: Language) -> list[str]:
    """The pages there are of a language, as places within the site."""
    return sorted(path.relative_to(site).as_posix() for path in (site / FOLDERS[language]).glob("*.html"))


@IN_BOTH_LANGUAGES
def test_every_page_is_there(site: Path, language: Language) -> None:
    assert pages_of(site, language) == sorted(f"{FOLDERS[language]}{name}.html" for name in PAGES)


@pytest.mark.parametrize(("language", "scheme"), TURNS)
def test_pages_load_clean_and_are_accessible_on_desktop_and_phone(
    browser: Browser, site: Path, served: str, language: Language, scheme: Scheme
) -> None:
    with Visit(browser, scheme) as visit:
        for place in pages_of(site, language):
            visit.resize("desktop")
            visit.open(f"{served}{place}")
            visit.look()
            visit.resize("phone")
            visit.look()
        assert "\n".join(visit.faults) == ""


def test_what_stands_in_place_of_the_sql_page_is_accessible(
    visit: Visit, site: Path, release: Release, tmp_path: Path
) -> None:
    """Where a site was made without Node, the page has a command for the reader, wider than a phone."""
    without = Path(shutil.copytree(site, tmp_path / "site"))
    write_page(without, "sql", "en", release, None)
    visit.resize("phone")
    visit.open(f"{without.as_uri()}/{FOLDERS['en']}sql.html")
    visit.look()
    assert "\n".join(visit.faults) == ""


@IN_BOTH_LANGUAGES
def test_pages_load_clean_from_disk(visit: Visit, site: Path, from_disk: str, language: Language) -> None:
    for place in pages_of(site, language):
        visit.open(f"{from_disk}{place}")
    assert "\n".join(visit.faults) == ""


@pytest.mark.parametrize("opened", ["served", "from_disk"])
def test_the_language_switch_leads_to_the_same_page_and_back(
    visit: Visit, site: Path, opened: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(opened)
    for norwegian, english in zip(pages_of(site, "nb"), pages_of(site, "en"), strict=True):
        page = visit.page
        page.goto(f"{root}{norwegian}")
        for language, place in (("en", english), ("nb", norwegian)):
            page.click(f"a[hreflang={language}]")
            page.wait_for_url(f"{root}{place}*")
            assert page.get_attribute("html", "lang") == language


@IN_BOTH_LANGUAGES
def test_every_link_within_the_site_leads_somewhere(visit: Visit, site: Path, served: str, language: Language) -> None:
    broken = []
    for place in pages_of(site, language):
        page = visit.page
        page.goto(f"{served}{place}")
        for address in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
            path, _, anchor = address.removeprefix(served).partition("#")
            if address.startswith(served) and not (site / path.split("?")[0]).exists():
                broken.append(f"{place}: {path}")
            if anchor and path == place and page.locator(f"[id='{anchor}']").count() == 0:
                broken.append(f"{place}: #{anchor}")
    assert broken == []


@IN_BOTH_LANGUAGES
def test_the_first_page_is_small(visit: Visit, served: str, language: Language) -> None:
    received = []
    visit.page.on("response", lambda response: received.append(len(response.body())))
    visit.open(f"{served}{FOLDERS[language]}index.html")
    assert 0 < sum(received) < 1_500_000
