"""Drift: what is new in the registers just loaded, against the years beside them and against each other.

It is judged on `raw` after all files are placed, and on what their checks found. A safe change is noted in
`audit.drift`; an unsafe one is a fault, so that nothing is loaded. The bounds are `drift` in study.yml. `drift_sample`,
`drift_years` and `drift_links` compute the shares. Of values in rows only codes of a contract's list, and the compared
digits of long codes, are ever reported.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from flows.load.contract import contracts
from flows.load.drift_links import linked_changes
from flows.load.drift_notes import Note, record
from flows.load.drift_sample import make_samples, touched_years
from flows.load.drift_years import Change, yearly_changes
from flows.load.faults import Fault
from flows.load.folder import DeliveredFile, identify
from flows.load.reading import Reader
from models_py.drift_bounds import Bounds, Drift
from models_py.study import Study

# Findings of single files that are drift however few, and their names as drift.
DRIFT_OF = {
    "unknown_code": "new_code",
    "code_form": "new_code",
    "corrected": "corrected",
    "changed_constant": "changed_constant",
    "renamed_column": "renamed_column",
    "no_line_end": "no_line_end",
    "empty_column": "empty_column",
    "lost_column": "lost_column",
}
WHICH_IS_RIGHT = (
    "ask which one is right: if it is this one, take out what brought the other with `flyttepanel withdraw`, then load "
    "this one by name"
)
REFUSED_FINDINGS: dict[str, Callable[[Drift], Bounds]] = {
    "corrected": lambda bounds: bounds.corrected,
    "changed_constant": lambda bounds: bounds.changed_constant,
    "lost_column": lambda bounds: bounds.lost_column,
}


def judge_drift(reader: Reader, arrivals: Sequence[int]) -> list[Fault]:
    """Compare what came with the arrivals to what was there, note what is safe, and return what is not."""
    con, study = reader.con, reader.study
    touched = touched_years(con, arrivals)
    changes = [*finding_changes(con, arrivals, study), *missing_years(con, arrivals), *lagging_registers(con, arrivals)]
    changes += missing_persons(con, arrivals, study.drift)
    if touched:
        make_samples(con, touched, study.drift)
        changes += [*yearly_changes(con, touched, study.drift), *linked_changes(con, touched, study)]
    record(con, [note_of(con, change, study.disclosure.threshold) for change in changes if not change.refused])
    return [fault_of(con, change) for change in changes if change.refused]


def fault_of(con: duckdb.DuckDBPyConnection, change: Change) -> Fault:
    """A change that is not safe, as a fault of the file that brought it."""
    delivery, file = origin(con, change)
    of_year = f"{change.year}: " if change.year else ""
    return Fault(delivery, file, change.column, change.rule, of_year + change.message, (), change.n_rows)


def note_of(con: duckdb.DuckDBPyConnection, change: Change, threshold: int) -> Note:
    """A change that is safe, as a note. A share of fewer rows than the threshold is withheld, and so is its count."""
    _, file = origin(con, change)
    told = change.n_rows >= threshold
    return Note(
        change.arrival,
        file,
        change.register,
        change.year,
        change.column,
        change.rule,
        change.code,
        round(change.before, 3) if told and change.before is not None else None,
        round(change.now, 3) if told else None,
        change.n_rows if told else None,
    )


def origin(con: duckdb.DuckDBPyConnection, change: Change) -> tuple[str, str | None]:
    """The delivery, and the file of a change; None where several files have brought the register and year."""
    rows = con.execute("""
        select delivery_id, file_name
        from audit.delivery left join audit.delivery_file
            on delivery_file.arrival = delivery.arrival and register = ?
        where delivery.arrival = ?
    """, [change.register, change.arrival]).fetchall()  # fmt: skip
    delivery, files = rows[0][0], [name for _, name in rows if name]
    if len(files) > 1:
        files = [name for name in files if is_of_year(identify(delivery, Path(name)), change.year)]
    return delivery, files[0] if len(files) == 1 else None


def is_of_year(file: DeliveredFile | Fault, year: int | None) -> bool:
    """Whether a file names this year."""
    return isinstance(file, DeliveredFile) and year in file.years


def finding_changes(con: duckdb.DuckDBPyConnection, arrivals: Sequence[int], study: Study) -> list[Change]:
    """Findings of single files that are drift: new columns and codes, other types, corrections.

    Shares are of the file's rows. But persons who were corrected or are gone need not be in the file: their share is of
    the year's largest version so far, and never above 1.
    """
    rows = con.execute("""
        select finding.register, finding.year, finding.arrival, column_name, rule, action, finding.n_rows,
            case when rule = 'corrected' and finding.year is not null then (
                select greatest(max(version.n_rows), finding.n_rows)
                from audit.register_year as version inner join audit.delivery using (arrival)
                where version.register = finding.register and version.year = finding.year
                    and version.arrival <= finding.arrival and delivery.status <> 'withdrawn')
            else file.n_rows end
        from audit.load_finding as finding
        inner join audit.delivery_file as file
            on file.arrival = finding.arrival and file.file_name = finding.file_name
        where list_contains(?, finding.arrival) order by all
    """, [list(arrivals)]).fetchall()  # fmt: skip
    changes = []
    for register, year, arrival, column, rule, action, n_rows, n_all in rows:
        share = n_rows / max(n_all, 1)
        if found := drift_rule(rule, action, share, study.drift):
            limit = REFUSED_FINDINGS.get(found)
            refused = limit is not None and n_all >= study.drift.least_rows and share > limit(study.drift).refused
            message = f"the share {share:.3f} of the rows contradicts what was loaded before; {WHICH_IS_RIGHT}"
            named = rule.removeprefix("unknown_") if found == "new_column" else column
            changes.append(
                Change(register, year, arrival, named, found, None, None, share, n_rows, message, refused)
            )  # fmt: skip
    return changes


def missing_years(con: duckdb.DuckDBPyConnection, arrivals: Sequence[int]) -> list[Change]:
    """Years that an earlier delivery of a wide file has brought and this one lacks; their earlier versions stay."""
    wide = [name for name, contract in contracts().items() if contract.layout == "wide"]
    rows = con.execute("""
        with brought as (select register, year, arrival from audit.register_year where list_contains(?, register))
        select distinct now.register, earlier.year, now.arrival
        from brought as now inner join brought as earlier
            on earlier.register = now.register and earlier.arrival < now.arrival
        where list_contains(?, now.arrival) and not exists (
            select 1 from brought where brought.arrival = now.arrival and brought.register = now.register
                and brought.year = earlier.year)
        order by all
    """, [wide, list(arrivals)]).fetchall()  # fmt: skip
    return [
        Change(register, year, arrival, None, "missing_year", None, None, 0.0, 0, "", False)
        for register, year, arrival in rows
    ]


def lagging_registers(con: duckdb.DuckDBPyConnection, arrivals: Sequence[int]) -> list[Change]:
    """Registers that have got no later year although at least half of all registers have.

    If fewer have, it is not noted: registers may also come one by one.
    """
    rows = con.execute("""
        select
            register,
            max(year) filter (not list_contains(?, arrival)) as before,
            max(year) filter (list_contains(?, arrival)) as now
        from audit.register_year where year is not null group by register having before is not null order by register
    """, [list(arrivals)] * 2).fetchall()  # fmt: skip
    gained = max((now - before for _, before, now in rows if now is not None), default=0)
    lagging = [(register, before) for register, before, now in rows if (now or 0) <= before]
    if gained <= 0 or 2 * len(lagging) > len(rows):
        return []
    return [
        Change(register, before + gained, max(arrivals), None, "missing_year", None, None, 0.0, 0, "", False)
        for register, before in lagging
    ]


def missing_persons(con: duckdb.DuckDBPyConnection, arrivals: Sequence[int], bounds: Drift) -> list[Change]:
    """Files of a register without years that have far fewer persons than are known; earlier files count for the others.

    If several deliveries are loaded at once, the last one is judged: it comes after all the others.
    """
    of_persons = [name for name, contract in contracts().items() if contract.layout == "person"]
    rows = con.execute("""
        with brought as (
            select register, arrival, sum(n_rows)::bigint as n_rows from audit.delivery_file
            where list_contains(?, arrival) and list_contains(?, register) group by all)
        select register, max(arrival), arg_max(n_rows, arrival) from brought group by register order by register
    """, [list(arrivals), of_persons]).fetchall()  # fmt: skip
    changes = []
    for register, arrival, n_rows in rows:
        known = con.execute(f"select count(*) from raw.{register}").fetchone()
        before = int(known[0]) if known else 0
        if before >= bounds.least_rows and n_rows < (1 - bounds.fewer_rows.noted) * before:
            changes.append(Change(register, None, arrival, None, "fewer_rows", None, before, n_rows, n_rows, "", False))
    return changes


def drift_rule(rule: str, action: str, share: float, bounds: Drift) -> str | None:
    """The name of a finding as drift; None if it is no drift."""
    if rule.startswith("unknown_column_"):
        return "new_column"
    if action == "repaired":
        return "retyped_column" if share > bounds.retyped else None
    if rule == "exact_duplicate":
        return "doubled_rows" if share > bounds.doubled else None
    return DRIFT_OF.get(rule)
