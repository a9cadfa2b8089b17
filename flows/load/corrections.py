"""Where a file differs from the version it is about to replace: counted as findings, and judged with all drift.

Called before rows are placed: `typed` holds the new version, `raw` still the old one.
"""

from collections import Counter

import duckdb

from flows.load.checks import count
from flows.load.contract import KEY
from flows.load.findings import Checked, Finding

# Columns whose value never changes for a person.
CONSTANTS = ("foedsels_aar_mnd", "kjoenn", "fodeland", "invkat", "landbak3gen")


def note_corrected_persons(con: duckdb.DuckDBPyConnection, checked: Checked) -> None:
    """Count, column by column, the persons of faste_oppl whose value has changed or is gone.

    A value that was missing and is now given, such as a death, is no correction. If the whole column is now empty, the
    persons whose value is gone are counted as `lost_column`.
    """
    names = [source.raw for source in checked.columns if source.raw != KEY]
    emptied = {found.column for found in checked.findings if found.rule == "empty_column"}
    counts = count(con, f"""
        select {", ".join(f"count(*) filter (new.{name} <> old.{name}), "
                          f"count(*) filter (new.{name} is null and old.{name} is not null)" for name in names)}
        from typed as new inner join raw.{checked.file.register} as old on old.{KEY} = new.{KEY}
    """)  # fmt: skip
    for name, n_changed, n_gone in zip(names, counts[::2], counts[1::2], strict=True):
        found = Counter({"lost_column" if name in emptied else "corrected": n_gone})
        found["changed_constant" if name in CONSTANTS else "corrected"] += n_changed
        checked.findings += [Finding(name, None, rule, "noted", n_rows) for rule, n_rows in found.items() if n_rows]


def note_corrected(con: duckdb.DuckDBPyConnection, checked: Checked, year: int, rows: str) -> None:
    """Count the persons of a register-year who differ between `rows`, an SQL query, and `raw`, or are in one only."""
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
