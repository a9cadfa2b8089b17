"""Sensitivity: the verdicts under each variant beside the study's own.

Belongs here: the rows of `sensitivity`. Does not belong here: building a variant's panel (`flows/variants.py`).
Only verdicts and numbers of tests are kept from a variant, never a count, a fit or an estimate: if two panels differ
by a few persons, subtraction would reveal something about those persons.
"""

from pathlib import Path

from models_py.fit_rows import Row
from models_py.verdict_tables import SENSITIVITY
from storage.warehouse import open_warehouse

# The reason why a model could not be estimated is left out: it could reveal that a situation is empty or rare in this
# panel but not in the other.
NOT_TESTED = "Not tested: a model behind it could not be estimated, lacks what is compared, or fixes it by itself."


def base_verdicts(database: Path) -> list[Row]:
    """The study's own verdicts, as estimation wrote them."""
    with open_warehouse(database, read_only=True) as con:
        rows: list[Row] = (
            con.sql("select model, hypothesis_id, verdict from estimation.hypothesis_verdict")
            .to_arrow_table()
            .to_pylist()
        )
    return rows


def sensitivity_rows(variant: str, found: list[Row], base: list[Row]) -> list[Row]:
    """Rows of `sensitivity` for the verdicts found under a variant."""
    own = {(row["model"], row["hypothesis_id"]): row["verdict"] for row in base}
    return [sensitivity_row(variant, row, str(own[row["model"], row["hypothesis_id"]])) for row in found]


def sensitivity_row(variant: str, found: Row, base_verdict: str) -> Row:
    """A row of `sensitivity`."""
    verdict = found["verdict"]
    inconclusive = "inconclusive" in (verdict, base_verdict)
    return found | {
        "variant": variant,
        "base_verdict": base_verdict,
        "agrees": None if inconclusive else verdict == base_verdict,
        "note": NOT_TESTED if verdict == "inconclusive" else found["note"],
    }


def write_sensitivity(database: Path, rows: list[Row]) -> None:
    """Replace the rows of `estimation.sensitivity`, which estimation leaves empty."""
    with open_warehouse(database) as con:
        con.register("judged", SENSITIVITY.arrow(rows))
        con.execute("begin transaction")
        con.execute(f"delete from estimation.{SENSITIVITY.name}")
        con.execute(f"insert into estimation.{SENSITIVITY.name} by name select * from judged")
        con.execute("commit")
