"""`flyttepanel diff`: what changed between two releases, and why a verdict flipped.

Everything compared is published (`results.duckdb`, `manifest.json`). Of a re-estimation only verdicts are kept, as for
a variant (`models_py/sensitivity.py`). So whoever may read the releases may also read whatever is printed.
"""

from flows.diff.comparison import ReleaseDiff, compare
from flows.diff.releases import NoSuchRelease, two_releases
from flows.diff.text import as_json, as_text

__all__ = ["NoSuchRelease", "ReleaseDiff", "as_json", "as_text", "compare", "two_releases"]
