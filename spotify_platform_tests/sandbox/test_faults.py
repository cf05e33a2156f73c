"""Faults: scripted or drawn, and what a client sees of each."""

import json
import re

import pytest
import requests

from spotify_platform.sandbox import Behaviour, Faults, Sandbox, serve
from spotify_platform_tests.sandbox.asgi import CATALOGUE, Api


def test_a_script_names_requests_by_number_or_by_path():
    script = ((2, "500"), ("/artists/.*/albums", "503"), ("/artists/.*/albums", "502"))
    api = Api(Behaviour(faults=Faults(script=script)))
    artist = CATALOGUE.artist(0).id
    assert [api.get("markets").status for _ in range(4)] == [200, 500, 200, 200]
    # Every entry serves once.
    assert [api.get(f"artists/{artist}/albums").status for _ in range(3)] == [503, 502, 200]
    assert api.get(f"artists/{artist}").status == 200


def test_a_probability_draws_the_same_faults_for_the_same_seed():
    def drawn(seed: int) -> list[str | None]:
        api = Api(Behaviour(faults=Faults(probability=0.3, seed=seed, kinds=("500", "429:2", "empty"))))
        for _ in range(200):
            api.get("markets")
        return [entry.fault for entry in api.log()]

    first = drawn(seed=5)
    assert drawn(seed=5) == first != drawn(seed=6)
    assert 40 < sum(fault is not None for fault in first) < 80
    assert set(first) == {None, "500", "429:2", "empty"}


def test_a_script_goes_before_the_probability():
    faults = Faults(probability=1, kinds=("503",), script=((2, "list"),))
    api = Api(Behaviour(faults=faults))
    assert [api.get("markets").status for _ in range(3)] == [503, 200, 503]


@pytest.mark.parametrize(
    ("kind", "status", "retry_after", "reason"),
    [
        ("429", 429, None, None),
        ("429:0", 429, "0", None),
        ("429:86400", 429, "86400", None),
        ("429-quota", 429, None, "QUOTA_EXCEEDED"),
        ("429-quota:86207", 429, "86207", "QUOTA_EXCEEDED"),
        ("500", 500, None, None),
        ("expired", 401, None, None),
    ],
)
def test_faults_in_spotifys_words(kind: str, status: int, retry_after: str | None, reason: str | None):
    answer = Api(Behaviour(faults=Faults(script=((1, kind),)))).get("markets")
    assert (answer.status, answer.headers.get("retry-after")) == (status, retry_after)
    assert (answer.json["error"]["status"], answer.json["error"].get("reason")) == (status, reason)


@pytest.mark.parametrize(
    ("kind", "status", "type_", "body"),
    [
        ("502", 502, "text/html; charset=utf-8", "502 Bad Gateway"),
        ("503", 503, "text/html; charset=utf-8", "503 Service Unavailable"),
        ("html", 200, "text/html; charset=utf-8", "<html>"),
        ("empty", 200, "application/json; charset=utf-8", ""),
        ("list", 200, "application/json; charset=utf-8", "[]"),
    ],
)
def test_faults_of_proxies_and_of_bodies(kind: str, status: int, type_: str, body: str):
    answer = Api(Behaviour(faults=Faults(script=((1, kind),)))).get("markets")
    assert (answer.status, answer.headers["content-type"]) == (status, type_)
    assert body in answer.body.decode() and bool(body) == bool(answer.body)


def test_a_faulted_request_counts_for_no_limit():
    faults = Faults(script=((1, "500"), (3, "429:0"), (4, "503")))
    api = Api(Behaviour(quotas={"markets": 2}, faults=faults))
    assert [api.get("markets").status for _ in range(6)] == [500, 200, 429, 503, 200, 429]
    assert [entry.fault for entry in api.log()] == ["500", None, "429:0", "503", None, None]


def test_nonsense_is_refused_before_a_server_starts():
    for kind in ("teapot", "429:soon", "slow", "drop:3", "404"):
        with pytest.raises(ValueError, match=f"The sandbox knows no fault '{kind}'"):
            Faults(script=((1, kind),))
    with pytest.raises(ValueError, match="between 0 and 1"):
        Faults(probability=2)
    with pytest.raises(ValueError, match="needs kinds"):
        Faults(probability=0.1, kinds=())


# Where the connection itself is at fault, only a real one will do.
CONNECTION = ("drop", "cut", "timeout:0.05", "timeout")


@pytest.fixture(scope="module")
def sandbox():
    """A server with one fault for each of some paths."""
    script = (*((f"/artists/{re.escape(kind)}$", kind) for kind in CONNECTION), ("/markets$", "slow:0.01"))
    with serve(CATALOGUE, behaviour=Behaviour(faults=Faults(script=script))) as running:
        yield running


@pytest.fixture(scope="module")
def session(sandbox: Sandbox):
    """A client with a token, which asks for nothing twice."""
    form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    with requests.Session() as session:
        token = session.post(sandbox.token_url, data=form, timeout=10).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


@pytest.mark.parametrize("kind", ["drop", "timeout:0.05"])
def test_a_connection_closed_without_an_answer(sandbox: Sandbox, session: requests.Session, kind: str):
    with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
        session.get(f"{sandbox.url}/v1/artists/{kind}", timeout=10)
    assert sandbox.log()[-1].fault == kind
    assert sandbox.log()[-1].status is None


def test_a_server_that_keeps_a_client_waiting(sandbox: Sandbox, session: requests.Session):
    with pytest.raises(requests.ReadTimeout):
        session.get(f"{sandbox.url}/v1/artists/timeout", timeout=0.1)
    artist = CATALOGUE.artist(0).id
    assert session.get(f"{sandbox.url}/v1/artists/{artist}", timeout=10).status_code == 200


def test_a_body_cut_in_half(sandbox: Sandbox, session: requests.Session):
    artist = CATALOGUE.artist(0).id
    whole = session.get(f"{sandbox.url}/v1/artists/{artist}", timeout=10)
    assert json.loads(whole.content)["id"] == artist
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        session.get(f"{sandbox.url}/v1/artists/cut", timeout=10)
    assert session.get(f"{sandbox.url}/v1/artists/{artist}", timeout=10).content == whole.content


def test_a_slow_answer_is_the_right_one(sandbox: Sandbox, session: requests.Session):
    slow, prompt = (session.get(f"{sandbox.url}/v1/markets", timeout=10) for _ in range(2))
    assert (slow.status_code, slow.json()) == (200, prompt.json())
    assert [one.fault for one in sandbox.log() if one.family == "markets"] == ["slow:0.01", None]
