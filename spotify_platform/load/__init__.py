"""Loading: published tables → a warehouse, and reading them.

`warehouse` opens the DuckDB file, `duckdb` loads published batches into it, `reader` answers queries without it.
No Dagster here.
"""
