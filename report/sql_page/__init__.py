"""SQL in the browser: a page of the site on which a release's own database is queried.

Belongs here: the page and its assets, written into a site. Its script and engine are built from `src/` by Node
(`make sql-page`) into `dist/`; nothing else needs Node. Does not belong here: what the tables hold.
"""

import base64
import gzip
import shutil
from pathlib import Path
from typing import Any

import jinja2
import yaml

from report.language import LANGUAGES, Language, words
from report.release import Release

HERE = Path(__file__).parent
BUNDLE = HERE / "dist"
BUILT_FILES = ("engine.js", "sql.js", "NOTICES.txt")
# In the site: shared by the pages of both languages.
ASSETS = Path("static") / "sql"
# Texts that the page's script fills and shows.
SCRIPT_WORDS = ("starting", "running", "failed", "no_extensions", "row", "rows", "rows_limited", "show_table")


def write_sql_page(release: Release, site: Path) -> bool:
    """Write `sql.html` of both languages and their assets into a site.

    Args:
        release: whose database goes along, whole.
        site: the site's folder; Norwegian pages lie in it, English ones in its `en/`.

    Returns:
        Whether it was written: not where the bundle has not been built, which takes Node.
    """
    if not all((BUNDLE / name).exists() for name in BUILT_FILES):
        return False
    assets = site / ASSETS
    assets.mkdir(parents=True)
    for name in BUILT_FILES:
        shutil.copyfile(BUNDLE / name, assets / name)
    shutil.copyfile(HERE / "sql.css", assets / "sql.css")
    (assets / "database.js").write_text(database_script(release.results), encoding="ascii")
    for language in LANGUAGES:
        page = site / page_path(language)
        page.parent.mkdir(exist_ok=True)
        page.write_text(sql_page(release, language), encoding="utf-8")
    return True


def page_path(language: Language) -> Path:
    """Where a language's page lies in the site."""
    return Path("sql.html") if language == "nb" else Path(language) / "sql.html"


def database_script(results: Path) -> str:
    """The database as a script, compressed: opened from disk, a page may load scripts but not read files."""
    packed = base64.b64encode(gzip.compress(results.read_bytes(), mtime=0)).decode("ascii")
    return f'globalThis.flyttepanelDatabase="{packed}";\n'


def sql_page(release: Release, language: Language) -> str:
    """The page in one language, on its own."""
    return rendered("sql.html.j2", release, language)


def sql_body(release: Release, language: Language) -> str:
    """What stands on the page in one language, for a site to put its own frame around."""
    return rendered("body.html.j2", release, language)


def rendered(template: str, release: Release, language: Language) -> str:
    """A template of the page, filled."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(
        language=language,
        root="" if language == "nb" else "../",
        assets=ASSETS.as_posix(),
        words={key: text_of[language] for key, text_of in words("sql").items()},
        script_words={key: words("sql")[key][language] for key in SCRIPT_WORDS},
        examples=examples(language),
        is_simulated=release.is_simulated,
    )


def examples(language: Language) -> list[dict[str, str]]:
    """The example queries: title and query."""
    listed: list[dict[str, Any]] = yaml.safe_load((HERE / "examples.yml").read_text(encoding="utf-8"))
    return [
        {"title": one["title"][language], "query": one["query"].strip().replace("{language}", language)}
        for one in listed
    ]
