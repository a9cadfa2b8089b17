"""Our side of the benchmarks, each a process: from rows or from the warehouse's sufficient statistics to results.

The SQL that collapses rows is dbt's own (`dbt_project/models/estimation`), filled in here without dbt. Belongs here:
what is timed of our own. Does not belong here: data, peers, or tables.
"""

import argparse
import cProfile
import json
import pstats
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
from jinja2 import Template
from threadpoolctl import threadpool_limits

from bench.rows import GROUP
from bench.specification import PROJECT_ROOT, study
from flows.build import dbt_vars
from models_py.cells import Cells, count_persons, panel_years, read_cells, read_paths
from models_py.clustering import index_sample
from models_py.pooled import Sample, fit_pooled, make_sample
from models_py.results import FittedModel, standard_errors
from models_py.study import Study
from models_py.variance_components import make_structure

MODELS = ("pooled", "random_effects")
# Nodes a dimension at which the likelihood of every tool's estimates is compared, several times what a fit ends with.
EXACT_NODES = 41
# The work inside a fit that is told apart: file and function → name. The intervals are made of the kernel's sums too.
PARTS = {
    ("multinomial.py", "newton"): "pooled Newton",
    ("clustering.py", "sum_person_scores"): "scores of persons, reading their paths",
    ("random_effects_fit.py", "paths_of"): "reading and arranging paths",
    ("path_likelihood.py", "sums"): "kernel",
    ("path_likelihood.py", "adapted"): "placing adaptive nodes",
    ("profile_likelihood.py", "profile_interval"): "profile intervals",
}


# What DuckDB may hold while it collapses; beyond it, it spills to disk.
COLLAPSE_MEMORY = "1500MB"


def collapse(con: duckdb.DuckDBPyConnection, rows: Path) -> None:
    """`estimation.cell` and `estimation.path` of rows, by the SQL of the warehouse."""
    con.execute(f"set memory_limit = '{COLLAPSE_MEMORY}'")
    con.execute("set preserve_insertion_order = false")  # as in profiles.yml
    con.execute("create schema estimation")
    references = {
        "person_year": f"read_parquet('{rows}')",
        "panel_year": "none",  # named, so that dbt makes it before, and not read where every year is made anew
        "pattern_year": "estimation.pattern_year",
        "cell": "estimation.cell",
    }
    outcomes = list(study().variables.outcome.levels)
    years = [
        year for (year,) in con.sql(f"select distinct year from {references['person_year']} order by 1").fetchall()
    ]
    for name in ("pattern_year", "cell", "path"):
        model = Template((PROJECT_ROOT / f"dbt_project/models/estimation/{name}.sql").read_text())
        sql = model.render(
            config=lambda **_: "",
            var=dbt_vars(study()).__getitem__,
            is_changed=lambda _: "true",
            ref=references.__getitem__,
            outcome_number=lambda outcome: f"(list_position({outcomes}, {outcome}::varchar)::integer - 1)",
            list_by_year=lambda value, year: list_by_year(value, year, years),
        )
        con.execute(f"create table estimation.{name} as {sql}")


def list_by_year(value: str, year: str, years: list[int]) -> str:
    """The project's macro of this name, on DuckDB."""
    elements = ", ".join(f"max({value}) filter ({year} = {one})" for one in years)
    return f"list_filter([{elements}], in_year -> in_year is not null)"


def open_input(source: Path) -> duckdb.DuckDBPyConnection:
    """The sufficient statistics: those of a warehouse file, or of rows that are collapsed first."""
    if source.suffix == ".duckdb":
        return duckdb.connect(str(source), read_only=True)
    con = duckdb.connect()
    collapse(con, source)
    return con


def read_group(con: duckdb.DuckDBPyConnection) -> Cells:
    """The cells of the one group there is."""
    return read_cells(con, GROUP, panel_years(con), study())


def with_models(**changes: object) -> Study:
    """The study with other choices of estimation."""
    return study().model_copy(update={"models": study().models.model_copy(update=changes)})


def with_structure(structure: str) -> Study:
    """The study with random effects of a structure."""
    return with_models(random_effects=study().models.random_effects.model_copy(update={"covariance": structure}))


def estimator(model: str) -> Callable[..., FittedModel]:
    """The function that fits a model; the compiler that random effects need is loaded for them alone."""
    if model == "pooled":
        return fit_pooled
    from models_py.random_effects_fit import fit_random_effects

    return fit_random_effects


def fit(model: str, source: Path, chosen: Study, results: Path) -> dict[str, object]:
    """Estimate a model from a file of rows or a warehouse; parameters and errors go into `results`."""
    start = time.perf_counter()
    con = open_input(source)
    opened = time.perf_counter()
    cells = read_group(con)
    sample = make_sample(cells, count_persons(con, GROUP), chosen)
    read = time.perf_counter()
    profile = cProfile.Profile()
    fitted = profile.runcall(estimator(model), sample, read_paths(con, GROUP), chosen)
    done = time.perf_counter()
    elements = getattr(fitted, "elements", np.empty(0))
    errors = standard_errors(fitted.cov_params(), fitted.params)
    np.savez(results, params=fitted.params, errors=errors, elements=elements)
    return {
        "seconds": {"collapse": opened - start, "read cells": read - opened, "fit": done - read},
        "parts": parts_of(profile),
        "log_likelihood": fitted.llf,
        "rows": int(fitted.nobs),
        "persons": fitted.n_persons,
        "cells": int(cells.cell_id.size),
        "remarks": [*fitted.remarks, *sample.remarks],
    }


def parts_of(profile: cProfile.Profile) -> dict[str, float]:
    """Seconds of each part of a fit, with what it calls; Python calls are few, so that watching them costs nothing."""
    found = {}
    for (file, _, function), timing in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        name = PARTS.get((Path(file).name, function))
        if name:
            found[name] = timing[3]
    return found


def exact_likelihood(warehouse: Path, structure: str, estimates: Path) -> float:
    """The log-likelihood, with many nodes, at estimates that any tool wrote into a file."""
    from models_py.path_likelihood import make_problem, value
    from models_py.random_effects_fit import paths_of

    found = np.load(estimates)
    con = duckdb.connect(str(warehouse), read_only=True)
    sample: Sample = make_sample(read_group(con), count_persons(con, GROUP), study())
    counts = sample.cells.counts
    paths = paths_of(read_paths(con, GROUP), index_sample(sample.group_cells, sample.cells), counts)
    shape = make_structure(structure, counts.shape[1] - 1)
    problem = make_problem(sample.design.matrix(sample.cells), counts, paths, shape, EXACT_NODES)
    theta = np.concatenate([found["params"].ravel(order="F"), found["elements"]])
    return value(problem, theta)


def main() -> None:
    """Do a job and print its report as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)
    collapsing = jobs.add_parser("collapse", help="rows into a warehouse file")
    collapsing.add_argument("rows", type=Path)
    collapsing.add_argument("warehouse", type=Path)
    for model in MODELS:
        fitting = jobs.add_parser(model, help="estimate from rows (.parquet) or from a warehouse (.duckdb)")
        fitting.add_argument("source", type=Path)
        fitting.add_argument("results", type=Path)
    fitting.add_argument("structure", choices=["independent", "shared", "unstructured"])
    likelihood = jobs.add_parser("likelihood", help="the exact log-likelihood at estimates from a file")
    likelihood.add_argument("warehouse", type=Path)
    likelihood.add_argument("structure")
    likelihood.add_argument("estimates", type=Path)
    options = parser.parse_args()
    with threadpool_limits(limits=1, user_api="blas"):
        print(json.dumps(do(options)))


def do(options: argparse.Namespace) -> dict[str, object]:
    """The job that the options name."""
    if options.job == "collapse":
        start = time.perf_counter()
        with duckdb.connect(str(options.warehouse)) as con:
            collapse(con, options.rows)
        return {"seconds": {"collapse": time.perf_counter() - start}}
    if options.job == "likelihood":
        return {"log_likelihood": exact_likelihood(options.warehouse, options.structure, options.estimates)}
    # statsmodels' factor, so that standard errors can be compared with its own.
    chosen = with_models(small_sample="statsmodels") if options.job == "pooled" else with_structure(options.structure)
    return fit(options.job, options.source, chosen, options.results)


if __name__ == "__main__":
    main()
