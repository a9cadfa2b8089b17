"""Which register-years a load has touched, and the persons on whom their shares are judged.

It takes no scan of a whole country to see that a share has jumped, so all shares are those of one sample of persons. It
is drawn by a hash of the key: the persons are the same in every register, so that registers can be compared. If there
are no more persons than the sample's size, it holds everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from flows.load.contract import KEY, contracts
from models_py.drift_bounds import Drift


@dataclass(frozen=True, slots=True)
class Touched:
    """A register-year that is current and came with one of the arrivals; `year` is None for faste_oppl."""

    register: str
    year: int | None
    arrival: int


def touched_years(con: duckdb.DuckDBPyConnection, arrivals: Sequence[int]) -> list[Touched]:
    """The current register-years that the arrivals have brought."""
    rows = con.execute("""
        select register, year, arrival from audit.register_year
        where is_current and list_contains(?, arrival) order by all
    """, [list(arrivals)]).fetchall()  # fmt: skip
    return [Touched(*row) for row in rows]


def make_samples(con: duckdb.DuckDBPyConnection, touched: Sequence[Touched], bounds: Drift) -> None:
    """Make `sample_<register>` for every register: its rows of sampled persons, of the touched years and their
    neighbours."""
    row = con.execute("select max(n_rows) from audit.register_year where is_current").fetchone()
    stride = max(1, int(row[0] if row and row[0] else 0) // bounds.persons_sampled)
    years = [year.year for year in touched if year.year is not None]
    for register, contract in contracts().items():
        within = ""
        if contract.layout != "person" and years:
            first, last = min(years) - bounds.years_compared, max(years) + bounds.years_compared
            within = f"and aar between {first} and {last}"
        con.execute(f"""
            create or replace temp table sample_{register} as
            select * exclude (arrival) from raw.{register} where hash({KEY}) % {stride} = 0 {within}
        """)
