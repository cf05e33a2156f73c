"""Assets: the lineage graph that Dagster shows. Bodies are thin; each calls a room that knows no Dagster."""
