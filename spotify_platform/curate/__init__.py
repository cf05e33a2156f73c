"""Curation: raw lines → the curated tables, as one set of Narwhals expressions for every engine.

`engine` says what an engine offers, `duckdb` is the embedded one; `flat` reads lines, `tables` makes tables of them,
`cast` turns text into types. Only `contracts` is imported from our own code: the Glue job carries the two alone.
"""
