"""A model of Snowflake for tests: a server on the loopback interface that the real connector talks to.

Written from Snowflake's documentation (the pages stand in the modules) over fakesnow and DuckDB. It is a model: that a
test passes here proves nothing about Snowflake itself. Nothing of the platform belongs here, and no test of it.

    with s3.serving(), snowflake_model.serving(queue="snowpipe") as model:
        with model.connect() as connection, connection.cursor() as cursor:
            cursor.execute("create database lake")

`harness` is what tests hold; `server` is the process: HTTP, sessions' tokens and the control path. `session` runs one
statement after the other. `account` holds what there is beside tables; `statements` makes and shows it, `grants` says
who may what, `stages` has files and COPY, `pipes` Snowpipe, `auth` logging in. `faults` is what a test can break,
`results` the wire, `errors` Snowflake's numbers, `corrections` where fakesnow is wrong; `words` takes the text of a
statement apart.

Not modelled, and not noticed:

- Grants are kept and shown but give and take nothing; `Model.deny` takes one away. Sizes, credits and suspension of
  warehouses, masking, row access, time travel, clones, streams, tasks, dynamic and Iceberg tables.
- Isolation is DuckDB's: a transaction sees the database as it was at the transaction's first statement, where Snowflake
  reads what is committed before each statement. Where Snowflake waits for another transaction's lock, here the
  later statement fails at once (000625).
- A varchar's length, a number's overflow on the way, collation, and Snowflake's type of `avg` and of a division of
  integers (a NUMBER of limited scale there, a float here: cast to float, which is right on both).
- The offset that a TIMESTAMP_TZ keeps: all timestamps with a zone come back as TIMESTAMP_LTZ.
- `use_logical_type = false` in a file format, and two COPYs of one file in one transaction without `force`.

Not modelled, and an error: files other than Parquet, COPY with a query, `on_error = continue`, queries on stages,
result_scan, asynchronous queries, describing a query without running it, procedures and scripting, GET.
"""

from spotify_platform_tests.snowflake_model.harness import Model, serving

__all__ = ["Model", "serving"]
