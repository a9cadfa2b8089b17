"""The brief of a release: four typeset pages and an HTML twin in each language, every claim of them from the results.

`findings` reads, `gradients` judges, the modules of sentences choose words of `words/brief.yml`, `document` puts them
in order, `typesetting` and `page` show them. No number, verdict or finding is written here or in a template.
"""

from report.brief.write import write_briefs

__all__ = ["write_briefs"]
