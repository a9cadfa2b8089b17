"""Where the suites' SQL differs between DuckDB and Spark: words that suite files write as `${word}`.

A suite that runs on both engines uses only these words and SQL that both know. No threshold belongs here.
"""

from typing import Any

from expectations.suite_files import Name

SEEDS = ("municipality_centrality", "municipality_change")  # public code lists that suites compare against


def seed_view(seed: str) -> str:
    """What a code list is called in a session of Spark."""
    return f"seed_{seed}"


DUCKDB_WORDS: dict[str, Any] = {
    "unnest": Name("unnest"),
    "list_length": Name("len"),
    "materialized": Name("MATERIALIZED"),  # keeps DuckDB from a bad order of joins
    **{f"seed.{seed}": Name(f"read_csv('{seed}.csv', all_varchar = true)") for seed in SEEDS},
}
SPARK_WORDS: dict[str, Any] = {
    "unnest": Name("explode"),
    "list_length": Name("size"),
    "materialized": Name(""),
    **{f"seed.{seed}": Name(seed_view(seed)) for seed in SEEDS},
}
