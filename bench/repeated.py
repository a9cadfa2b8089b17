"""A larger panel than there are residents: a warehouse's panel repeated, for the steps that come after it.

Three jobs, each a process: `rows` writes the panel's rows so many times over (not timed); `collapse` makes cells and
paths of them by the warehouse's own SQL; `estimate` does all that the step of estimation does. Each copy is thirteen
years older, within the window, so that its patterns and paths are its own. Belongs here: those jobs. Does not belong
here: sizes, or tables.
"""

import argparse
import json
import time
from pathlib import Path

import duckdb

from bench.ours import collapse
from bench.specification import study
from models_py.estimate import estimate

OLDER = 13


def write_rows(con: duckdb.DuckDBPyConnection, warehouse: Path, rows: Path, factor: float) -> int:
    """The panel of a warehouse `factor` times over; the last copy is of a share of the persons. Returns persons."""
    con.execute(f"attach '{warehouse}' as warehouse (read_only)")
    first, last = study().panel.age.first, study().panel.age.last
    whole, share = int(factor), factor - int(factor)
    con.execute(f"""
        copy (
            select person_key * {whole + 1} + copy as person_key, year, population_group, sex,
                ({first} + (age - {first} + {OLDER} * copy) % {last - first + 1})::smallint as age, family_situation,
                labour_market_status, education, centrality, outcome
            from warehouse.marts.person_year cross join (select unnest(range({whole + 1})) as copy)
            where copy < {whole} or hash(person_key) % 1000 < {round(share * 1000)}
        ) to '{rows}' (format parquet)
    """)
    row = con.execute(f"select count(distinct person_key) from read_parquet('{rows}')").fetchone()
    return int(row[0]) if row else 0


def main() -> None:
    """Do a job and print its report as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=["rows", "collapse", "estimate"])
    parser.add_argument("source", type=Path, help="the warehouse; for collapse the rows")
    parser.add_argument("target", type=Path, nargs="?", help="for rows a Parquet file, for collapse a database")
    parser.add_argument("--factor", type=float, default=1.0)
    options = parser.parse_args()
    start, report = time.perf_counter(), {}
    if options.job == "estimate":
        estimate(options.source, study())
    else:
        with duckdb.connect(str(options.target) if options.job == "collapse" else ":memory:") as con:
            if options.job == "collapse":
                collapse(con, options.source)
            else:
                report["persons"] = write_rows(con, options.source, options.target, options.factor)
    print(json.dumps(report | {"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
