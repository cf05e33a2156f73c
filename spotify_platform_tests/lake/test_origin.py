"""Origin: sandbox data and Spotify's never share a lake."""

from datetime import date

import pytest

from spotify_platform.contracts.errors import OriginError
from spotify_platform.lake import Lake, keys
from spotify_platform.lake.origin import OriginName, SandboxOrigin, claim, origin_of

Writer = tuple[OriginName, SandboxOrigin | None]

SANDBOX = SandboxOrigin(seed=7, artists=50, anchor=date(2026, 11, 1))


def test_a_new_lake_has_no_origin(lake: Lake) -> None:
    assert origin_of(lake) is None


def test_the_first_writer_claims_and_its_like_are_welcome(lake: Lake) -> None:
    first = claim(lake, "sandbox", SANDBOX)
    claimed = lake.get(keys.LAKE)
    assert claim(lake, "sandbox", SANDBOX) == first == origin_of(lake)
    assert lake.get(keys.LAKE) == claimed


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("sandbox", SANDBOX), ("spotify", None)),
        (("spotify", None), ("sandbox", SANDBOX)),
        (("sandbox", SANDBOX), ("sandbox", SANDBOX.model_copy(update={"seed": 8}))),
        (("sandbox", SANDBOX), ("sandbox", SANDBOX.model_copy(update={"anchor": date(2026, 11, 2)}))),
        (("sandbox", None), ("sandbox", SANDBOX)),
    ],
)
def test_a_writer_of_another_origin_is_refused_and_told_what_to_do(lake: Lake, first: Writer, second: Writer) -> None:
    claim(lake, *first)
    claimed = lake.get(keys.LAKE)
    with pytest.raises(OriginError, match="SPOTIFY_PLATFORM_HOME"):
        claim(lake, *second)
    assert lake.get(keys.LAKE) == claimed
