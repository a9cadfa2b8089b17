"""Benches end, at small sizes: what they import and fill in themselves changes under them, and they run seldom."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bench.ours import collapse
from bench.rows import write_rows

# Each bench, as small as it may be. Peers have an environment of their own (`make bench-peers`).
SMALL = {
    "steps": ("--persons", "5000"),
    "country": ("--persons", "20000"),
    "growth": ("--scale", "0.01"),
    "next_year": ("--persons", "20000"),
    "coverage": ("--replications", "3"),
    "estimation": ("large", "growth", "--scale", "0.02"),
    "spark": ("--persons", "2000"),
}


def test_rows_collapse_into_cells_and_paths_as_in_the_warehouse(tmp_path: Path) -> None:
    rows = tmp_path / "rows.parquet"
    write_rows(rows, n_persons=500, seed=1)
    with duckdb.connect() as con:
        collapse(con, rows)
        cells = con.sql("select year, sum(stay), sum(internal_move), sum(emigration) from estimation.cell group by all")
        counted = f"""
            select year, count(*) filter (outcome = 'stay'), count(*) filter (outcome = 'internal_move'),
                count(*) filter (outcome = 'emigration')
            from '{rows}' group by 1
        """
        assert sorted(cells.fetchall()) == sorted(con.sql(counted).fetchall())
        on_paths = con.sql("select sum(n_persons), sum(n_persons * len(path)) from estimation.path").fetchone()
        assert on_paths == con.sql(f"select count(distinct person_key), count(*) from '{rows}'").fetchone()


@pytest.mark.campaign
@pytest.mark.parametrize("bench", SMALL)
def test_bench_ends_and_prints_a_table(bench: str) -> None:
    done = subprocess.run([sys.executable, "-m", f"bench.{bench}", *SMALL[bench]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "| --- |" in done.stdout
