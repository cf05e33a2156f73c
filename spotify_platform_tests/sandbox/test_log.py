"""The log: what a server was asked, for tests of whoever asked it."""

import requests

from spotify_platform.sandbox import Behaviour, Catalogue, Faults, serve
from spotify_platform_tests.sandbox.asgi import Api


def test_every_request_is_logged_with_what_became_of_it():
    behaviour = Behaviour(mode="development", quotas={"search": 1}, faults=Faults(script=((3, "drop"),)))
    with serve(Catalogue(), behaviour=behaviour) as sandbox, requests.Session() as session:
        form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
        token = session.post(sandbox.token_url, data=form, timeout=10).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        for path in ("search?q=genre:pop&type=artist", "search?q=x&type=artist", "markets", "markets/", "nothing"):
            try:
                session.get(f"{sandbox.url}/days/2026-10-01/v1/{path}", timeout=10)
            except requests.ConnectionError:
                continue
        log = sandbox.log()
    days = "/days/2026-10-01/v1"
    assert [(one.path, one.family, one.status, one.fault) for one in log] == [
        ("/api/token", "token", 200, None),
        (f"{days}/search", "search", 200, None),
        (f"{days}/search", "search", 429, None),
        (f"{days}/markets", "markets", None, "drop"),
        (f"{days}/markets", "markets", 403, None),
        (f"{days}/nothing", "unknown", 404, None),
    ]
    assert log[1].query == {"q": "genre:pop", "type": "artist"}
    assert [one.at for one in log] == sorted(one.at for one in log)


def test_requests_wait_for_a_slow_server_at_once():
    api = Api(Behaviour(latency=0.01))
    *answers, log = api.together(("/v1/markets", {}), ("/v1/markets", {}), ("/_sandbox/log", {}))
    assert [answer.status for answer in answers] == [200, 200]
    # Both had arrived while both were waiting; the log itself is never late.
    assert [one["path"] for one in log.json if one["family"] == "markets"] == ["/v1/markets"] * 2
