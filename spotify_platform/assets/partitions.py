"""The one partitions object: UTC days from 2017 on, today included but provisional."""

import dagster as dg

FIRST_DAY = "2017-01-01"
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)
