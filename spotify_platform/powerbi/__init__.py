"""Power BI: the project in `powerbi/`, made from the marts' contracts, and the refresh of its model.

`model` and `measures` say what the semantic model is, `pages` what the report shows; `tmdl` and `pbir` write the two
down in Microsoft's formats, and `project` puts all files together. Nothing here knows Dagster.
"""
