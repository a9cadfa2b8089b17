"""SQL in the browser: a page of the site on which a release's own database is queried.

Belongs here: the page's body and its assets; the site puts its frame around them. Node builds the script and the engine
from `src/` into `dist/` (`make sql-page`); nothing else needs Node. Does not belong here: the content of the tables.
"""

import base64
import gzip
import shutil
from pathlib import Path
from typing import Any

import yaml

from report.language import Language, words
from report.release import Release
from report.templates import templates

HERE = Path(__file__).parent
BUNDLE = HERE / "dist"
BUILT_FILES = ("engine.js", "sql.js", "NOTICES.txt")
# Within the site; shared by the pages of both languages.
ASSETS = Path("static") / "sql"
# Texts that the page's script shows, after filling their placeholders.
SCRIPT_WORDS = ("starting", "running", "failed", "no_extensions", "row", "rows", "rows_limited", "show_table")


def write_sql_page(release: Release, site: Path) -> bool:
    """Write the page's assets into a site's `static/sql/`: script, engine, style, and the database itself.

    Args:
        release: the release whose whole database is included.
        site: the site's folder; its pages then contain `sql_body`.

    Returns:
        Whether the assets were written: False if the bundle has not been built, which needs Node.
    """
    if not is_built():
        return False
    assets = site / ASSETS
    assets.mkdir(parents=True)
    for name in BUILT_FILES:
        shutil.copyfile(BUNDLE / name, assets / name)
    shutil.copyfile(HERE / "sql.css", assets / "sql.css")
    (assets / "database.js").write_text(database_script(release.results), encoding="ascii")
    return True


def is_built() -> bool:
    """Whether Node has built the bundle."""
    return all((BUNDLE / name).exists() for name in BUILT_FILES)


def database_script(results: Path) -> str:
    """The database, compressed, as a script: a page opened from disk may load scripts but not read files."""
    packed = base64.b64encode(gzip.compress(results.read_bytes(), mtime=0)).decode("ascii")
    return f'globalThis.flyttepanelDatabase="{packed}";\n'


def sql_body(language: Language) -> str:
    """The body of the page in one language; the site puts its own frame around it."""
    return (
        templates(HERE)
        .get_template("body.html.j2")
        .render(
            assets=f"{'' if language == 'nb' else '../'}{ASSETS.as_posix()}",
            words={key: text_of[language] for key, text_of in words("sql").items()},
            script_words={key: words("sql")[key][language] for key in SCRIPT_WORDS},
            examples=examples(language),
        )
    )


def examples(language: Language) -> list[dict[str, str]]:
    """The example queries: title and query."""
    listed: list[dict[str, Any]] = yaml.safe_load((HERE / "examples.yml").read_text(encoding="utf-8"))
    return [
        {"title": one["title"][language], "query": one["query"].strip().replace("{language}", language)}
        for one in listed
    ]
