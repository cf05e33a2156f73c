"""The marts: one question, one SELECT, one `.sql` file; its columns are declared in `contracts.marts`.

`sql` reads the files, `build` runs them in the warehouse. No Dagster here.
"""
