"""Cost: what the platform used, as its providers tell it, with list prices, and which engine costs less.

Usage is recorded, money is reckoned here and nowhere else; no Dagster here. The ledger that sums usage up by day and
asset, and the asset that keeps it, are still to come: nothing in the platform calls this room yet.
"""
