"""What readers see: figures, tables, brief and site of a release, with all numbers from its `results.duckdb`.

Nothing here estimates, counts persons or opens the warehouse.
"""
