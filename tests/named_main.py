"""Imported before anything else by `conftest.py`: a worker's main module gets a file name.

pyspark takes a process whose main module has none for its own documentation tests, and ends it on import; Great
Expectations imports pyspark wherever it is installed.
"""

import sys

import xdist.remote

MAIN = sys.modules["__main__"]
if not hasattr(MAIN, "__file__"):
    # What a worker runs. It does nothing when a process that is spawned runs it again.
    MAIN.__file__ = xdist.remote.__file__
