"""The log: wake-ups that sort by the time of the commit."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from spotify_platform.lake import Lake, keys

from .helpers import DAY, artist, capture

_MOMENTS = st.datetimes(datetime(2017, 1, 1), datetime(2099, 12, 31)).map(lambda naive: naive.replace(tzinfo=UTC))
_CAPTURE_IDS = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z~_-]{0,20}", fullmatch=True)


@given(st.lists(st.tuples(_MOMENTS, st.dates(date(2017, 1, 1)), _CAPTURE_IDS), max_size=8))
def test_wake_ups_sort_by_the_time_of_the_commit_and_tell_it_back(
    commits: list[tuple[datetime, date, str]],
) -> None:
    entries = {keys.log_entry(*commit): commit for commit in commits}
    assert [entries[entry][0] for entry in sorted(entries)] == sorted(moment for moment, *_ in entries.values())
    for entry, (moment, day, capture_id) in entries.items():
        assert keys.log_time(entry) == moment
        assert keys.log_subject(entry) == (day, capture_id)
        assert entry.startswith(keys.log_start(moment))


def test_listing_from_a_moment_on_gives_the_wake_ups_of_that_moment_too(lake: Lake) -> None:
    manifests = [capture(lake, DAY, f"c{number}", artist("ann")) for number in range(3)]
    after = keys.log_start(manifests[1].committed_at)
    found = [keys.log_subject(key)[1] for key in lake.keys(keys.LOG, after=after)]
    assert found == ["c1", "c2"]
