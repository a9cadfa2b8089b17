"""The brief of a release: four typeset pages and the same as HTML in each language. Every claim comes from the results.

`findings` reads the results and `gradients` judges them. The modules of sentences choose words from `words/brief.yml`,
`document` orders them, `typesetting` and `page` show them. No number, verdict or finding is written here or in a
template.
"""

from report.brief.write import write_briefs

__all__ = ["write_briefs"]
