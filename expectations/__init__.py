"""Great Expectations gates: reviewed suite files, and what runs them by SQL in DuckDB.

Belongs here: what must hold of incoming registers, marts and results, and the little code that checks it.
Does not belong here: repairing data, or deciding which delivery is loaded.
"""

import os

# Read when great_expectations is first imported; a gate on confidential data reports to nobody.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
