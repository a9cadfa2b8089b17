"""Great Expectations gates: reviewed suite files, and what runs them by SQL in DuckDB.

Belongs here: what must hold of incoming registers, marts and results, and the little code that checks it.
Does not belong here: repairing data, or deciding which delivery is loaded.
"""

import os
import sys
import warnings

# Read when great_expectations is first imported; a gate on confidential data reports to nobody.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

# Great Expectations imports pyspark if it is installed. pyspark takes a process whose main module has no file
# (`python -c`, a test's worker) for a run of its own documentation tests, and ends it on import.
MAIN = sys.modules["__main__"]
if not hasattr(MAIN, "__file__"):
    MAIN.__file__ = __file__

# pyspark also warns about the version of pandas, which no gate uses.
warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
