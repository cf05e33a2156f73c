"""Snowflake: the objects it needs, loading published batches into them, building marts there, and checking an account.

`ddl` says which objects and `setup` makes them; `session` runs statements, `landing` brings files in, `warehouse` puts
it together as `load.warehouse.Warehouse` has it, `doctor` checks an account. The connection comes from `resources`.
"""
