"""Which deliveries count: take one out, and put the versions before it back by reading them from landing again."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from flows.load.contract import contracts
from flows.load.faults import DeliveryRefused, Fault
from flows.load.folder import DeliveredFile, named_file
from flows.load.place import place, refresh_current_persons, retire_versions, years_of
from flows.load.reading import Reader, read_file
from flows.load.session import load_session
from flows.load.text_file import file_hash
from models_py.study import Study


class NotLoaded(ValueError):
    """A delivery to be withdrawn is not loaded."""


def withdraw(database: Path, landing: Path, delivery: str, study: Study, run_id: str) -> None:
    """Take a delivery out as if it had never come. `database` is a candidate, thrown away after an exception.

    Raises:
        NotLoaded: there is no such delivery in the warehouse.
        DeliveryRefused: an earlier version that counts again is no longer in landing as it was loaded.
    """
    with load_session(database) as con:
        if not retire(con, delivery, run_id):
            raise NotLoaded(f"delivery {delivery} is not loaded; `flyttepanel status` lists those that are")
        if faults := restore(Reader(con, study, database.parent), landing):
            raise DeliveryRefused(faults)


def retire(con: duckdb.DuckDBPyConnection, delivery: str, run_id: str) -> bool:
    """Mark a delivery as withdrawn, so that what it brought no longer counts.

    Returns whether it had been loaded. `restore` must follow before the database is used.
    """
    changed = con.execute("""
        update audit.delivery set status = 'withdrawn', run_id = ?
        where delivery_id = ? and status = 'loaded' returning arrival
    """, [run_id, delivery]).fetchall()  # fmt: skip
    return bool(changed)


def restore(reader: Reader, landing: Path) -> list[Fault]:
    """Replace every current version that no longer counts by the newest that does. Returns faults of its files."""
    return [*restore_years(reader, landing), *restore_persons(reader, landing)]


def restore_years(reader: Reader, landing: Path) -> list[Fault]:
    """Restore registers with years; of consecutive arrivals with the same content the first, as when they came."""
    lost = reader.con.execute("""
        with counting as (
            select register, year, arrival, coalesce(same_since, arrival) as same_since
            from audit.register_year where arrival in (select arrival from audit.delivery where status = 'loaded')),
        newest as (
            select register, year, arg_max(same_since, arrival) as same_since from counting group by all),
        wanted as (
            select register, year, min(arrival) as arrival
            from counting inner join newest using (register, year, same_since) group by all)
        select lost.register, wanted.arrival, list(lost.year order by lost.year)
        from audit.register_year as lost
        left join wanted on wanted.register = lost.register and wanted.year = lost.year
        where lost.is_current and lost.year is not null
            and lost.arrival not in (select arrival from audit.delivery where status = 'loaded')
        group by all order by all
    """).fetchall()
    faults: list[Fault] = []
    for register, arrival, years in lost:
        for year in years:
            remove_year(reader.con, register, year)
        if arrival is not None:
            faults += place_again(reader, landing, arrival, register, years)
    return faults


def remove_year(con: duckdb.DuckDBPyConnection, register: str, year: int) -> None:
    """Leave a register-year without rows and without a current version."""
    con.execute(f"delete from raw.{register} where aar = ?", [year])
    retire_versions(con, register, year)


def restore_persons(reader: Reader, landing: Path) -> list[Fault]:
    """Restore registers without years: all versions that count, in order of arrival."""
    faults: list[Fault] = []
    for register in [name for name, contract in contracts().items() if contract.layout == "person"]:
        stale = reader.con.execute(f"""
            select 1 from raw.{register}
            where arrival not in (select arrival from audit.delivery where status = 'loaded') limit 1
        """).fetchone()
        if not stale:
            continue
        reader.con.execute(f"delete from raw.{register}")
        arrivals = reader.con.execute("""
            select arrival from audit.register_year semi join audit.delivery
                on delivery.arrival = register_year.arrival and delivery.status = 'loaded'
            where register = ? order by arrival
        """, [register]).fetchall()  # fmt: skip
        for (arrival,) in arrivals:
            faults += place_again(reader, landing, arrival, register, [None])
    refresh_current_persons(reader.con)
    return faults


def place_again(reader: Reader, landing: Path, arrival: int, register: str, years: Iterable[int | None]) -> list[Fault]:
    """Read a register of an earlier arrival from landing again and place the given years of it."""
    faults: list[Fault] = []
    for file, sha256 in loaded_files(reader.con, landing, arrival):
        if file.register != register:
            continue
        if not file.path.exists() or file_hash(file.path) != sha256:
            message = "no longer in landing as it was loaded, and now it is needed again; put the file back"
            faults.append(file.fault("version_gone", message))
            continue
        checked, _ = read_file(reader, file, sha256)
        faults += checked.faults
        if not checked.faults:
            wanted = set(years)
            place(reader.con, arrival, checked, [year for year in years_of(checked) if year in wanted])
    return faults


def loaded_files(con: duckdb.DuckDBPyConnection, landing: Path, arrival: int) -> list[tuple[DeliveredFile, str]]:
    """The files that came with an arrival, each with its hash then."""
    rows = con.execute("""
        select delivery_id, file_name, sha256
        from audit.delivery_file inner join audit.delivery on delivery.arrival = delivery_file.arrival
        where delivery_file.arrival = ? order by file_name
    """, [arrival]).fetchall()  # fmt: skip
    found = [(named_file(delivery, landing / delivery / file), sha256) for delivery, file, sha256 in rows]
    return [(file, sha256) for file, sha256 in found if isinstance(file, DeliveredFile)]
