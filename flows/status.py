"""`flyttepanel status`: what is there and what is due, from audit tables and the manifest; answers at once."""

from flows.home import Home
from flows.state import EMPTIED, current_manifest, due, is_emptied
from models_py.study import Study
from storage.catalogue import has_table
from storage.warehouse import open_warehouse

SHOWN_NOTES = 12  # of the last load's notes on drift; all are in audit.drift


def status_text(home: Home, study: Study) -> str:
    """Deliveries, years covered, last release and what is due, as lines of text."""
    return "\n".join(
        [
            *delivery_lines(home),
            *drift_lines(home),
            years_line(home),
            release_line(home),
            site_line(home),
            due_line(home, study),
        ]
    )


def delivery_lines(home: Home) -> list[str]:
    """A line for each delivery that ever arrived."""
    rows = audit_rows(
        home,
        """
        select delivery_id, arrival, status, (loaded_at at time zone 'UTC')::timestamp(0)
        from audit.delivery order by arrival
    """,
    )
    if not rows:
        return [f"deliveries  none loaded; they belong in {home.landing}"]
    return [
        f"delivery    {name}  (arrival {arrival}, loaded {at} UTC{'' if status == 'loaded' else f', then {status}'})"
        for name, arrival, status, at in rows
    ]


def drift_lines(home: Home) -> list[str]:
    """What was noted as drift in the deliveries of the last load."""
    from flows.load.drift_notes import last_notes

    if not home.warehouse.exists():
        return []
    with open_warehouse(home.warehouse, read_only=True) as con:
        notes = last_notes(con) if has_table(con, "audit", "drift") else []
        deliveries = dict(con.sql("select arrival, delivery_id from audit.delivery").fetchall() if notes else [])
    said = [f"drift       {deliveries[note.arrival]}: {note.line()}" for note in notes[:SHOWN_NOTES]]
    more = len(notes) - len(said)
    return [*said, f"drift       and {more} more in audit.drift"] if more else said


def years_line(home: Home) -> str:
    """First and last loaded 1 January."""
    rows = audit_rows(
        home,
        """
        select min(year), max(year) from audit.register_year where register = 'bostedskommune' and is_current
    """,
    )
    return f"years       1 January {rows[0][0]} to {rows[0][1]}" if rows and rows[0][0] else "years       none"


def release_line(home: Home) -> str:
    """The current release."""
    manifest = current_manifest(home)
    if manifest is None:
        return "release     none"
    return (
        f"release     {manifest['run_id']}, panel {manifest['first_year']}–{manifest['last_year']}, "
        f"finished {manifest['finished_at'][:19].replace('T', ' ')} UTC"
    )


def site_line(home: Home) -> str:
    """Where the site of the current release is."""
    return f"site        {home.site / 'index.html' if home.site.exists() else 'none'}"


def due_line(home: Home, study: Study) -> str:
    """What a refresh would do."""
    late = due(home, study)
    said = [*(f"delivery {name}" for name in late.deliveries), *late.steps]
    nothing = f"nothing: {EMPTIED}" if is_without_deliveries(home) else "nothing"
    return f"due         {', '.join(said) if said else nothing}"


def nothing_is_due(home: Home) -> str:
    """What a refresh with nothing to do says."""
    manifest = current_manifest(home)
    release = f"; the current release is {manifest['run_id']}" if manifest else ""
    if is_without_deliveries(home):
        return f"Nothing is due: {EMPTIED}{release}."
    return f"Nothing is due{release}." if release else f"Nothing is due: there is no delivery in {home.landing}."


def is_without_deliveries(home: Home) -> bool:
    """Whether everything that was ever loaded is withdrawn."""
    if not home.warehouse.exists():
        return False
    with open_warehouse(home.warehouse, read_only=True) as con:
        return has_table(con, "audit", "delivery") and is_emptied(con)


def audit_rows(home: Home, query: str) -> list[tuple[object, ...]]:
    """Rows of the warehouse's audit tables; none where there is no warehouse."""
    if not home.warehouse.exists():
        return []
    with open_warehouse(home.warehouse, read_only=True) as con:
        return con.sql(query).fetchall() if has_table(con, "audit", "delivery") else []
