"""Our pooled models of a country that has been built, in the form in which peers write theirs.

A process of its own, timed from opening the warehouse to estimates with standard errors, without starting Python.
Belongs here: that job. Does not belong here: load and build, which are commands, or what is compared.
"""

import argparse
import csv
import json
import time
from pathlib import Path

import duckdb
from threadpoolctl import threadpool_limits

from bench.specification import study
from models_py.estimate import fit_all
from models_py.fit_rows import coefficient_rows


def main() -> None:
    """Fit, write estimates and the panel's counts, and print seconds as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    start = time.perf_counter()
    with duckdb.connect(str(options.warehouse), read_only=True) as con, threadpool_limits(limits=1, user_api="blas"):
        fits, _ = fit_all(con, study(), ("pooled",))
        seconds = time.perf_counter() - start
        counts = con.sql("select year, population_group, outcome, count(*) as n from marts.person_year group by all")
        n_rows = sum(row[-1] for row in counts.fetchall())
        counts.write_csv(str(options.out / "counts.csv"))
    with (options.out / "coefficients.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["population_group", "outcome", "column", "estimate", "std_error"])
        for fit in fits:
            for row in coefficient_rows(fit, fit.fitted, study()) if fit.fitted else ():
                if not row["is_reference"]:
                    column = f"{row['term']}|{row['level'] or ''}"
                    writer.writerow([fit.group, row["outcome"], column, row["estimate"], row["std_error"]])
    print(json.dumps({"seconds": {"models": seconds}, "rows": n_rows}))


if __name__ == "__main__":
    main()
