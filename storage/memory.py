"""How much memory a program may use: DuckDB, which spills the rest, and Spark's driver.

Belongs here: the one setting, FLYTTEPANEL_MEMORY, which `profiles.yml` reads too. Does not belong here: who asks.
"""

import os
import re

VARIABLE, DEFAULT = "FLYTTEPANEL_MEMORY", "3GB"
AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT])(I?)B", re.IGNORECASE)
POWERS = "KMGT"


class MemoryRefused(Exception):
    """FLYTTEPANEL_MEMORY is not an amount of memory."""


def memory_limit() -> str:
    """The memory that DuckDB may use in any step, as text that it reads.

    Raises:
        MemoryRefused: the variable is not an amount.
    """
    said = os.environ.get(VARIABLE) or DEFAULT
    _parts(said)
    return said


def memory_bytes() -> int:
    """The same in bytes: GB are powers of 1,000 and GiB of 1,024, as in DuckDB.

    Raises:
        MemoryRefused: the variable is not an amount.
    """
    number, unit, is_binary = _parts(memory_limit())
    return int(float(number) * (1024 if is_binary else 1000) ** (POWERS.index(unit.upper()) + 1))


def _parts(said: str) -> tuple[str, ...]:
    """Number, unit (K, M, G or T), and an `i` if it is binary."""
    found = AMOUNT.fullmatch(said)
    if found is None:
        raise MemoryRefused(f"{VARIABLE}={said}: not an amount of memory; say 3GB, 1800MB or 2.5GiB")
    return found.groups()
