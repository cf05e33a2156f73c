"""Cost: what the platform used, as it counted itself and as its providers tell, and what that costs.

Usage is recorded by assets, money is reckoned here and nowhere else; no Dagster here.
"""
