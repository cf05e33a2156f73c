"""Whether schedules and sensors are on from the start: on a branch deployment none is, until a person starts it."""

import dagster as dg

from spotify_platform.settings import read_settings

_ON = read_settings().branch is None
SCHEDULES = dg.DefaultScheduleStatus.RUNNING if _ON else dg.DefaultScheduleStatus.STOPPED
SENSORS = dg.DefaultSensorStatus.RUNNING if _ON else dg.DefaultSensorStatus.STOPPED
