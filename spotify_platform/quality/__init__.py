"""Quality: whether what curation made may be shown.

`audit` checks written Parquet against the contracts, one scan a table. No Dagster here.
"""
