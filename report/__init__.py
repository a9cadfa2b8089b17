"""What people look at: figures, tables, brief and site of a release, drawn from its `results.duckdb` alone.

Nothing here estimates, counts persons or opens the warehouse.
"""
