"""Figures as the browser draws them: as many marks as the release has numbers for."""

import pytest
from playwright.sync_api import Page

from models_py.study import Study
from report.language import LANGUAGES, Language
from report.site.page import FOLDERS
from tests.browser.visit import SIZES, Visit

OUTCOMES = 2
MUNICIPALITIES = 356  # on 1 January 2020


def marks(page: Page, figure: str, kind: str) -> int:
    """Marks of a kind in a figure, outside its legends and axes."""
    return page.locator(f"[data-figure={figure}] svg .mark-{kind}.role-mark > path").count()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_figure_has_a_mark_for_every_number(visit: Visit, served: str, study: Study, language: Language) -> None:
    page = visit.open(f"{served}{FOLDERS[language]}figures.html")
    groups, classes = len(study.models.groups), len(study.variables.centrality.levels)
    profiles = len(study.figure_situations())
    assert marks(page, "figure_1", "shape") >= MUNICIPALITIES
    assert marks(page, "figure_2", "symbol") == groups * classes
    assert marks(page, "figure_3", "symbol") == groups * classes * OUTCOMES
    assert marks(page, "figure_4", "symbol") == groups * classes * profiles


def test_figures_fit_the_screen_and_speak(visit: Visit, served: str) -> None:
    page = visit.open(f"{served}figures.html")
    for drawing in page.locator("[data-figure] svg[role=img]").all():
        assert drawing.get_attribute("aria-label")
        assert drawing.bounding_box()["width"] > SIZES["phone"]["width"]
