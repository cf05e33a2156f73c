"""Cost: what the platform used, priced. Usage is recorded, money is reckoned here and nowhere else.

No Dagster here: `assets/` reads usage off Dagster's events and keeps what this room reckons.
"""
