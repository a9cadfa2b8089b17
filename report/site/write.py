"""Write the site of a release, page by page, in both languages.

Belongs here: which page gets which content, and the files that pages link to. Does not belong here: the content.
"""

import shutil
from pathlib import Path
from typing import Any

import vl_convert

from report.figures import VEGA_LITE
from report.language import LANGUAGES, Language
from report.release import Release
from report.site import shown_figures, shown_tables
from report.site.accounting import accounting
from report.site.dictionary import dictionary
from report.site.hypotheses import hypotheses
from report.site.page import HERE, write_page
from report.site.provenance import provenance
from report.site.start import start
from report.sql_page import sql_body, write_sql_page
from report.tables import hypothesis_table

# The part of Vega that the pages' script uses.
VEGA_SNIPPET = "window.vegaEmbed = vegaEmbed;"
# Other parts of the release, copied into the site so that the site can be copied as one folder.
BESIDE = ("data_docs", "dbt_docs", "data", "output_check.html")


def write_site(release: Release, site: Path, beside: Path, briefs: list[Path]) -> Path:
    """Write the site.

    Args:
        release: what is shown.
        site: the folder to write, which must not exist.
        beside: the release's folder; its Data Docs, dbt docs, data and output check are copied, if there are any.
        briefs: the briefs to offer for download.

    Returns:
        The start page.
    """
    shutil.copytree(HERE / "static", site / "static")
    (site / "static" / "vega.js").write_text(vl_convert.javascript_bundle(VEGA_SNIPPET, VEGA_LITE), encoding="utf-8")
    for name in BESIDE:
        if (beside / name).is_dir():
            shutil.copytree(beside / name, site / name)
        elif (beside / name).exists():
            shutil.copyfile(beside / name, site / name)
    (site / "downloads").mkdir()
    for brief in briefs:
        shutil.copyfile(brief, site / "downloads" / brief.name)
    for language in LANGUAGES:
        for name, content in contents(release, site, language, briefs).items():
            write_page(site, name, language, release, content)
    has_sql = write_sql_page(release, site)
    for language in LANGUAGES:
        write_page(site, "sql", language, release, sql_body(language) if has_sql else None)
    return site / "index.html"


def contents(release: Release, site: Path, language: Language, briefs: list[Path]) -> dict[str, Any]:
    """The content of each page; also writes the files that figures and tables offer for download."""
    figures = shown_figures.write_figures(release, language, site)
    table = hypothesis_table(release, language)
    second = figures[1]
    return {
        "index": {
            "found": start(table, release),
            "picture": second.files["svg"],
            "alternative": second.alternative,
            "caption": second.caption,
            "briefs": [brief_link(brief) for brief in briefs],
        },
        "figures": figures,
        "tables": shown_tables.write_tables(table, release, site),
        "hypotheses": hypotheses(table, release),
        "accounting": accounting(release),
        "release": provenance(release, site),
        "dictionary": dictionary(),
    }


def brief_link(brief: Path) -> dict[str, str]:
    """A brief's path within the site, its language and its form; all three follow from a name like `brief_nb.pdf`."""
    return {
        "place": f"downloads/{brief.name}",
        "language": brief.stem.removeprefix("brief_"),
        "form": brief.suffix.removeprefix(".").upper(),
    }
