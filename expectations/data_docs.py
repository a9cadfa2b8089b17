"""Data Docs that open from disk and fetch nothing from the network.

Great Expectations' pages fetch scripts, styles and a logo from seven hosts whenever one is opened. Where confidential
data lie there is no network. If there were one, nobody outside should learn when somebody looks at a gate.
"""

import re
from pathlib import Path

from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

REMOTE_OR_ACTIVE = re.compile(
    r"<script\b.*?</script>|<footer\b.*?</footer>|<(?:link|img)\b[^>]*\b(?:href|src)=[\"']https?:[^>]*>"
    r"|<link rel=\"shortcut icon\"[^>]*>",  # its path is wrong on pages in deeper folders
    re.DOTALL,
)
STYLE = """<style>
  body { font-family: sans-serif; margin: 2rem; max-width: 75rem; }
  table { border-collapse: collapse; } td, th { border: 1px solid #ccc; padding: 0.3rem 0.6rem; text-align: left; }
  pre { white-space: pre-wrap; }
</style>
</head>"""


INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<title>Data Docs</title>
</head>
<body>
<h1>Data Docs</h1>
<table>
<tr><th>table</th><th>expectations</th></tr>
{rows}
</table>
</body>
</html>
"""
ROW = '<tr><td><a href="{page}">{name}</a></td><td>{verdict}</td></tr>'


def build_data_docs(context: AbstractDataContext, site: Path, held: dict[str, bool]) -> None:
    """Write the pages of everything validated in a context, without scripts and without anything remote.

    `held` says, by suite name, whether all of the suite held.
    """
    context.build_data_docs()
    (site / "index.html").write_text(_index(site, held), encoding="utf-8")  # the stock one is all script
    for page in site.rglob("*.html"):
        text = REMOTE_OR_ACTIVE.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", STYLE, 1), encoding="utf-8")
    for picture in (site / "static" / "images").glob("*.gif"):  # for a tour that needs the scripts, 3 MB per gate
        picture.unlink()


def _index(site: Path, held: dict[str, bool]) -> str:
    rows = [
        ROW.format(page=page.relative_to(site).as_posix(), name=name, verdict="all hold" if success else "some failed")
        for name, success in held.items()
        for page in (site / "validations").rglob(f"*-{name}.html")
    ]
    return INDEX.format(rows="\n".join(rows))
