"""Rows to estimate on: a simulated panel in the shape of the registers, one row a person-year, as a Parquet file.

Sixty coefficients with the terms of study.yml (nine years, thirty columns, two outcomes); persons enter in one of the
first four years and are followed for up to six; about 5 rows a person; 4 % move and 1 % emigrate a year, and whoever
emigrates is gone. Covariates are discrete, uneven and persistent, and family depends on age, so that rows collapse into
cells as registers do. Belongs here: data. Does not belong here: anything that is measured.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.specification import study

GROUP = "native"
FIRST_YEAR, ENTRY_YEARS, YEARS_FOLLOWED = 2015, 4, 6
# Of the persons, those who are followed to the end unless they emigrate; the others leave the panel before.
FOLLOWED_TO_THE_END = 0.8
PERSONS_PER_CHUNK = 250_000
SHARES = {
    "sex": (0.5, 0.5),
    "centrality": (0.34, 0.26, 0.18, 0.12, 0.10),
    "labour_market_status": (0.74, 0.07, 0.14, 0.05),
    "education": (0.20, 0.38, 0.26, 0.11, 0.05),
}
# alone, single parent, cohabiting without and with children, married without and with children, other, unknown.
FAMILY_SHARES_BY_AGE = (
    (0.30, 0.05, 0.17, 0.13, 0.05, 0.14, 0.11, 0.05),
    (0.17, 0.10, 0.07, 0.14, 0.06, 0.36, 0.06, 0.04),
    (0.23, 0.06, 0.07, 0.05, 0.35, 0.15, 0.05, 0.04),
)
AGES_OF_FAMILIES = (35, 50)
# The chance that a covariate is drawn anew in a year.
CHANGES = {"centrality": 0.05, "family_situation": 0.12, "labour_market_status": 0.15, "education": 0.03}
# Utilities of an internal move and of emigration against staying: by level, in the order of study.yml.
EFFECTS = {
    "sex": ((0.0, 0.0), (-0.1, -0.2)),
    "centrality": ((-0.3, 0.5), (-0.2, 0.3), (-0.1, 0.2), (0.1, 0.1), (0.0, 0.0)),
    "family_situation": (
        (0.0, 0.0), (-0.2, -0.5), (0.2, -0.1), (-0.5, -0.7), (-0.3, -0.4), (-0.9, -0.8), (0.3, 0.1), (0.1, 0.4),
    ),
    "labour_market_status": ((0.0, 0.0), (0.3, 0.3), (0.4, 0.6), (0.2, 0.8)),
    "education": ((-0.1, -0.3), (0.0, 0.0), (0.2, 0.4), (0.3, 0.8), (0.0, 0.5)),
}  # fmt: skip
INTERCEPTS, BY_AGE, BY_AGE_SQUARED, BY_YEAR = (-2.97, -4.87), (-0.55, -0.45), (0.08, 0.03), (0.01, -0.02)
# L of the persons' random effects: standard deviations 0.8 and 0.9, correlation 0.3.
CHOLESKY = np.array([[0.8, 0.0], [0.27, 0.8585]])
Codes = dict[str, np.ndarray]


def draw(shares: tuple[float, ...], n: int, rng: np.random.Generator) -> np.ndarray:
    """Codes (n,) with these shares."""
    cumulated = np.cumsum(shares)
    return np.searchsorted(cumulated / cumulated[-1], rng.random(n), side="right").astype(np.int8)


def draw_family(age: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes (n,) of family situations at ages (n,)."""
    by_band = np.stack([draw(shares, age.size, rng) for shares in FAMILY_SHARES_BY_AGE])
    return by_band[np.searchsorted(AGES_OF_FAMILIES, age, side="right"), np.arange(age.size)]


def utilities(codes: Codes, age: np.ndarray, year: np.ndarray) -> np.ndarray:
    """Utilities (n, 2) of an internal move and of emigration for a person without random effects."""
    decades = (age - 35) / 10
    made = np.outer(decades, BY_AGE) + np.outer(decades**2, BY_AGE_SQUARED) + np.outer(year - FIRST_YEAR, BY_YEAR)
    made += INTERCEPTS
    for name, effects in EFFECTS.items():
        made += np.array(effects)[codes[name]]
    return made


def simulate(first_person: int, n_persons: int, rng: np.random.Generator) -> pa.Table:
    """The rows of some persons, year after year."""
    person = np.arange(first_person, first_person + n_persons, dtype=np.int32)
    year = FIRST_YEAR + rng.integers(0, ENTRY_YEARS, n_persons).astype(np.int16)
    age = rng.integers(25, 60, n_persons).astype(np.int16)
    short = rng.random(n_persons) > FOLLOWED_TO_THE_END
    years_left = np.where(short, rng.integers(1, YEARS_FOLLOWED, n_persons), YEARS_FOLLOWED)
    random_effects = rng.standard_normal((n_persons, 2)) @ CHOLESKY.T
    codes = {name: draw(shares, n_persons, rng) for name, shares in SHARES.items()}
    codes["family_situation"] = draw_family(age, rng)
    rows = []
    for _ in range(YEARS_FOLLOWED):
        shares = np.exp(utilities(codes, age, year) + random_effects)
        limits = np.cumsum(np.column_stack([np.ones(person.size), shares]), axis=1)
        outcome = (rng.random(person.size)[:, None] * limits[:, -1:] > limits[:, :-1]).sum(axis=1).astype(np.int8)
        rows.append(table_of(person, year, age, codes, outcome))
        years_left = years_left - 1
        stays = (outcome != 2) & (years_left > 0)
        person, year, age = person[stays], year[stays] + np.int16(1), age[stays] + np.int16(1)
        years_left, random_effects = years_left[stays], random_effects[stays]
        codes = {name: values[stays] for name, values in codes.items()}
        for name, chance in CHANGES.items():
            drawn = draw_family(age, rng) if name == "family_situation" else draw(SHARES[name], person.size, rng)
            codes[name] = np.where(rng.random(person.size) < chance, drawn, codes[name])
    return pa.concat_tables(rows)


def table_of(person: Any, year: Any, age: Any, codes: Codes, outcome: Any) -> pa.Table:
    """Rows with the columns that the estimation input is made of; levels by name."""
    levels = {name: study().levels(name) for name in (*codes, "outcome")}
    columns = {"person_key": person, "year": year, "age": age}
    columns["population_group"] = pa.DictionaryArray.from_arrays(np.zeros(person.size, dtype=np.int8), [GROUP])
    for name, values in {**codes, "outcome": outcome}.items():
        columns[name] = pa.DictionaryArray.from_arrays(values, list(levels[name]))
    return pa.table(columns)


def write_rows(file: Path, n_persons: int, seed: int) -> int:
    """Write the rows of so many persons; the first persons of a larger file are those of a smaller one."""
    chunks = range(0, n_persons, PERSONS_PER_CHUNK)
    seeds = np.random.SeedSequence(seed).spawn(len(chunks))
    writer, n_rows = None, 0
    for first, chunk_seed in zip(chunks, seeds, strict=True):
        size = min(PERSONS_PER_CHUNK, n_persons - first)
        rows = simulate(first, size, np.random.default_rng(chunk_seed))
        writer = writer or pq.ParquetWriter(file, rows.schema, compression="zstd")
        writer.write_table(rows)
        n_rows += rows.num_rows
    if writer:
        writer.close()
    return n_rows


def main() -> None:
    """Write a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--persons", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    n_rows = write_rows(options.file, options.persons, options.seed)
    print(f'{{"rows": {n_rows}}}')


if __name__ == "__main__":
    main()
