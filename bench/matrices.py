"""The design matrix and outcomes of rows, as plain binary files, for software that knows no Parquet or takes arrays.

Made once and not timed. Belongs here: rows to arrays, in SQL of its own, so that peers do not rest on our design.
Does not belong here: any estimation.
"""

import argparse
import json
from pathlib import Path

import duckdb
import numpy as np

from bench.specification import study


def columns_in_sql(years: list[int]) -> list[str]:
    """Each column of the design as an SQL expression, in the order of study.yml."""
    scale, columns = study().models.age_scale, []
    decades = f"(age - {scale.centre}) / {scale.unit}::double"
    numeric = {"intercept": "1.0", "age": decades, "age_squared": f"{decades} * {decades}"}
    for term in study().models.terms:
        if term.name in numeric:
            columns.append(numeric[term.name])
            continue
        levels = [str(year) for year in years] if term.name == "year" else list(study().levels(term.name))
        reference = levels[0] if term.reference == "first" else term.reference
        columns += [f"{term.name}::varchar = '{level}'" for level in levels if level != reference]
    return [f"({column})::double as x{i}" for i, column in enumerate(columns)]


def write_matrices(rows: Path, folder: Path) -> dict[str, int]:
    """Write X (n, k) row by row as doubles, outcomes and persons (n,) as 4-byte integers; rows stay in the file's
    order but for persons, whose years come together.

    Returns: what a reader needs to know, also written as `shape.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        source = f"read_parquet('{rows}')"
        years = [year for (year,) in con.sql(f"select distinct year from {source} order by year").fetchall()]
        columns = columns_in_sql(years)
        outcome = f"list_position({list(study().variables.outcome.levels)}, outcome::varchar) - 1"
        reader = con.execute(
            f"select ({outcome})::integer as y, person_key::integer as person, {', '.join(columns)} from {source} "
            "order by person_key, year"
        ).to_arrow_reader(100_000)
        n_rows = 0
        with (
            (folder / "X.bin").open("wb") as X,
            (folder / "y.bin").open("wb") as y,
            (folder / "person.bin").open("wb") as p,
        ):
            for batch in reader:
                y.write(batch.column(0).to_numpy().astype(np.int32).tobytes())
                p.write(batch.column(1).to_numpy().astype(np.int32).tobytes())
                X.write(np.column_stack([batch.column(2 + i).to_numpy() for i in range(len(columns))]).tobytes())
                n_rows += batch.num_rows
    shape = {"rows": n_rows, "columns": len(columns), "outcomes": len(study().variables.outcome.levels)}
    (folder / "shape.json").write_text(json.dumps(shape))
    return shape


def main() -> None:
    """Write a folder of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    print(json.dumps(write_matrices(options.rows, options.folder)))


if __name__ == "__main__":
    main()
