"""Settings of a server: they survive the way to its process, and nonsense does not."""

import pytest

from spotify_platform.sandbox import Behaviour, Faults


def test_settings_are_the_same_after_a_journey_as_json():
    script = ((3, "drop"), ("/search", "429:0"))
    behaviour = Behaviour(
        mode="development",
        oddities=True,
        latency=0.01,
        requests_per_second=1.5,
        quotas={"artists/albums": 100},
        token_seconds=60,
        faults=Faults(probability=0.1, seed=3, kinds=("500", "slow:0.5"), script=script),
    )
    assert Behaviour.from_json(behaviour.to_json()) == behaviour
    assert Behaviour.from_json(Behaviour().to_json()) == Behaviour()


def test_a_mode_has_one_of_two_names():
    with pytest.raises(ValueError, match="A mode is development or extended, not 'trial'"):
        Behaviour(mode="trial")  # type: ignore[arg-type]
