"""The target `spark`: the same dbt project on Apache Spark, from Parquet files out of the warehouse back into it.

Loading, versions and gate 1 stay in DuckDB, and so does everything from estimation on. Spark holds nothing between two
builds: what it needs is written out for it, what it makes is taken in, and its folder is deleted (docs/scale.md).
Does not belong here: any SQL of the panel, which is `dbt_project`'s, or of a gate, which is `expectations`'.
"""

from flows.spark.build import SparkMissing, SparkReadsClear, build, rebuild_estimation_input
from flows.spark.exchange import take_in
from flows.spark.gate import run_gate
from flows.spark.storage import Storage, scratch_storage

__all__ = [
    "SparkMissing",
    "SparkReadsClear",
    "Storage",
    "build",
    "rebuild_estimation_input",
    "run_gate",
    "scratch_storage",
    "take_in",
]
