"""What the suites' SQL says differently on DuckDB and on Spark: words that stand in suite files as `${word}`.

A suite that runs on both engines keeps to SQL that both know and to these. No threshold belongs here.
"""

from typing import Any

from expectations.suite_files import Name

SEEDS = ("municipality_centrality", "municipality_change")  # public code lists that suites compare with


def seed_view(seed: str) -> str:
    """What a code list is called in a session of Spark."""
    return f"seed_{seed}"


DUCKDB_WORDS: dict[str, Any] = {
    "unnest": Name("unnest"),
    "list_length": Name("len"),
    "materialized": Name("MATERIALIZED"),  # spares DuckDB a bad order of joins
    **{f"seed.{seed}": Name(f"read_csv('{seed}.csv', all_varchar = true)") for seed in SEEDS},
}
SPARK_WORDS: dict[str, Any] = {
    "unnest": Name("explode"),
    "list_length": Name("size"),
    "materialized": Name(""),
    **{f"seed.{seed}": Name(seed_view(seed)) for seed in SEEDS},
}
