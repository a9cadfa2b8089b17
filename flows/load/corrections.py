"""What a file says otherwise than the version it is about to replace: counted as findings, and judged with all drift.

Called before rows are placed: `typed` holds the new version, `raw` still the old one.
"""

import duckdb

from flows.load.checks import count
from flows.load.contract import KEY
from flows.load.findings import Checked, Finding

# What of a person never changes.
CONSTANTS = ("foedsels_aar_mnd", "kjoenn", "fodeland")


def note_changed_constants(con: duckdb.DuckDBPyConnection, checked: Checked) -> None:
    """Count the persons of faste_oppl of whom something that never changes is another thing than before."""
    register = checked.file.register
    differs = " or ".join(f"new.{column} <> old.{column}" for column in CONSTANTS)
    [n_changed] = count(con, f"""
        select count(*) from typed as new inner join raw.{register} as old on old.{KEY} = new.{KEY} where {differs}
    """)  # fmt: skip
    if n_changed:
        checked.findings.append(Finding(None, None, "changed_constant", "noted", n_changed))
    for column in (found.column for found in list(checked.findings) if found.rule == "empty_column"):
        [n_lost] = count(con, f"""
            select count(old.{column}) from typed as new inner join raw.{register} as old on old.{KEY} = new.{KEY}
        """)  # fmt: skip
        if n_lost:
            checked.findings.append(Finding(column, None, "lost_column", "noted", n_lost))


def note_corrected(con: duckdb.DuckDBPyConnection, checked: Checked, year: int, rows: str) -> None:
    """Count the persons of a register-year whom `rows`, an SQL query, describes otherwise or alone, or not at all."""
    contract = checked.file.contract
    old = f"from raw.{contract.register_name} where aar = {year}"
    if contract.one_row_per != "person" or not con.execute(f"{old} limit 1").fetchone():
        return
    differs = " or ".join(f"new.{column} is distinct from old.{column}" for column in contract.values)
    [n_changed] = count(con, f"""
        select count(*) from ({rows}) as new full join ({old}) as old on old.{KEY} = new.{KEY}
        where new.{KEY} is null or old.{KEY} is null or {differs}
    """)  # fmt: skip
    if n_changed:
        checked.findings.append(Finding(None, year, "corrected", "noted", n_changed))
