"""The fault catalogue: for every expectation of every gate, one change that makes it fail.

Faults of a batch are made in one copy of a healthy database, since a gate takes seconds; a batch holds faults that
do not hide one another.
"""

from tests.gates.faults.fault import Fault
from tests.gates.faults.incoming import INCOMING
from tests.gates.faults.marts import MARTS
from tests.gates.faults.published import PUBLISHED

__all__ = ["FAULTS", "Fault"]

FAULTS = [*INCOMING, *MARTS, *PUBLISHED]
