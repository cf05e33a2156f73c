"""Contracts: what the data is. Tables, columns, types, keys and meaning are declared here and nowhere else.

Schemas, checks, DDL and the data dictionary are made from these declarations. Nothing here reads or writes data,
and nothing here imports another room of ours: the Glue job carries this package and `curate` alone.
"""
