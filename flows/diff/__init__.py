"""`flyttepanel diff`: what changed between two releases, and why a verdict flipped.

Everything compared is published (`results.duckdb`, `manifest.json`); of a re-estimation only verdicts leave memory, as
of a variant (`models_py/sensitivity.py`), so that whatever is printed may be read by whoever may read the releases.
"""

from flows.diff.comparison import ReleaseDiff, compare
from flows.diff.releases import NoSuchRelease, two_releases
from flows.diff.text import as_json, as_text

__all__ = ["NoSuchRelease", "ReleaseDiff", "as_json", "as_text", "compare", "two_releases"]
