"""The figures as a brief shows them: SVG, small enough to stand together in one document.

Belongs here: what has to be done to a picture so that it can be set or stand in a page with others.
"""

import re

from report.figures import picture
from report.language import Language
from report.release import Release

NAMES = ("figure_1", "figure_2", "figure_3", "figure_4")


def draw(release: Release, language: Language) -> dict[str, str]:
    """The figures of a release as SVG text."""
    return {name: picture(name, release, language, "svg").decode("utf-8") for name in NAMES}


def with_own_names(svg: str, name: str) -> str:
    """The SVG with its identifiers made its own: those of two pictures in one page would be taken for each other."""
    identifiers = set(re.findall(r'\bid="([^"]+)"', svg))
    for identifier in sorted(identifiers, key=len, reverse=True):
        svg = svg.replace(f'id="{identifier}"', f'id="{name}-{identifier}"')
        svg = svg.replace(f"url(#{identifier})", f"url(#{name}-{identifier})")
        svg = svg.replace(f'href="#{identifier}"', f'href="#{name}-{identifier}"')
    return svg
