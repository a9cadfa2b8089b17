"""The static site of a release: pages in two languages that open from disk or any file server.

Belongs here: the content of each page, templates, style and the small script. Does not belong here: figures, tables,
the brief and the SQL page themselves (`report.figures`, `.tables`, `.brief`, `.sql_page`), or any number.
"""

from report.site.write import write_site

__all__ = ["write_site"]
