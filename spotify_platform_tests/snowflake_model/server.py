"""The process: HTTP as the connector speaks it, the sessions' tokens, and the control path `/model/…` of the harness.

Run as `python -m spotify_platform_tests.snowflake_model.server`; prints its port once it answers, and ends when its
standard input does. What statements do is not known here. The paths and the form of answers are what
snowflake-connector-python 4 uses; Snowflake has no page on them. That a request sent again with the same id is not run
again: https://docs.snowflake.com/en/developer-guide/sql-api/submitting-requests.
"""

import gzip
import json
import os
import re
import secrets
import shutil
import socket
import sys
import tempfile
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from fakesnow.instance import FakeSnow
from fakesnow.transforms.stage import LOCAL_BUCKET_PATH
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spotify_platform_tests.snowflake_model import auth, corrections, results
from spotify_platform_tests.snowflake_model.account import ADMIN, NAME, Account, Context
from spotify_platform_tests.snowflake_model.errors import SqlError, not_modelled, translated
from spotify_platform_tests.snowflake_model.faults import Break
from spotify_platform_tests.snowflake_model.pipes import Snowpipe
from spotify_platform_tests.snowflake_model.session import Answer, Session
from spotify_platform_tests.snowflake_model.words import parts

GONE = SqlError(390111, "08001", "Session no longer exists. New login required to access the service.")
KEPT_ANSWERS = 20


class DroppedError(Exception):
    """The connection ends here, without an answer."""


class Service:
    """An account with its sessions, as the connector and the harness see it."""

    def __init__(self, scratch: Path) -> None:
        corrections.install()
        self.fakesnow = FakeSnow(create_database_on_connect=False, create_schema_on_connect=False)
        self.account = Account(scratch)
        self.snowpipe = Snowpipe(self.account, self.fakesnow.duck_conn.cursor)
        self.sessions: dict[str, Session] = {}
        # Only the answers of late: the connector repeats a request at once or not at all.
        self.answers: OrderedDict[str, dict[str, Any]] = OrderedDict()

    # What the connector asks

    def login(self, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        """A session for who may have one."""
        data = body["data"]
        if self.account.faults.down:
            raise DroppedError
        try:
            user = auth.logged_in(self.account.users, str(data.get("ACCOUNT_NAME", NAME)), data)
            context = self._context(user, query, data.get("SESSION_PARAMETERS") or {})
            session = Session(self.fakesnow, context, self.snowpipe)
            session.start(_named(query.get("databaseName")), _named(query.get("schemaName")))
        except SqlError as error:
            return _failed(error)
        token = secrets.token_urlsafe(32)
        self.sessions[token] = session
        about = {"databaseName": context.database, "schemaName": context.schema}
        about |= {"warehouseName": context.warehouse, "roleName": context.role}
        parameters = {
            **_parameters(context),
            "CLIENT_TELEMETRY_ENABLED": False,
            "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
        }
        return {
            "success": True,
            "data": {
                "token": token,
                "masterToken": secrets.token_urlsafe(32),
                "serverVersion": "10.0.0",
                "sessionInfo": about,
                "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
            },
        }

    def _context(self, user: auth.User, query: dict[str, str], parameters: dict[str, Any]) -> Context:
        account = self.account
        held = account.roles_of(user.name)
        default = str(user.properties.get("DEFAULT_ROLE", "PUBLIC")).upper()
        role = _named(query.get("roleName")) or (default if default in held else "PUBLIC")
        warehouse = _named(query.get("warehouse")) or str(user.properties.get("DEFAULT_WAREHOUSE", "")).upper()
        if (role,) not in account.things["ROLE"]:
            message = f"Role '{role}' specified in the connect string does not exist or not authorized."
            raise SqlError(390189, "08001", message)
        if role not in held:
            message = f"Role '{role}' specified in the connect string is not granted to this user."
            raise SqlError(390189, "08001", message)
        there = (warehouse,) in account.things["WAREHOUSE"]
        return Context(
            account,
            self.fakesnow.duck_conn.cursor(),
            user.name,
            role,
            warehouse if there else None,
            parameters={key.upper(): value for key, value in parameters.items()},
        )

    def query(self, token: str, request_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a statement."""
        faults = self.account.faults
        if faults.down:
            raise DroppedError
        session = self.sessions.get(token)
        if session is None:
            return _failed(GONE)
        with session.lock:
            # The connector repeats a request whose answer did not come, with the id of the first.
            if request_id in self.answers:
                return self.answers[request_id]
            due = faults.strike(body["sqlText"], str(session.context.parameters.get("QUERY_TAG", "")))
            if due is not None and due.error is not None:
                return _failed(due.error)
            told = {} if due is not None and not due.executed else self._run(session, body)
            self.answers[request_id] = told
            while len(self.answers) > KEPT_ANSWERS:
                self.answers.popitem(last=False)
        if due is None:
            return told
        if not due.executed:
            del self.answers[request_id]
        if due.lost == "session":
            self.answers.pop(request_id, None)
            self.end(token)
        faults.down = due.lost == "server"
        raise DroppedError

    def _run(self, session: Session, body: dict[str, Any]) -> dict[str, Any]:
        try:
            for asked, what in (("asyncExec", "asynchronous queries"), ("describeOnly", "describing without running")):
                if body.get(asked):
                    raise not_modelled(what)
            params, batch = results.bound(body.get("bindings"))
            answer = session.run(body["sqlText"], params, batch)
            return {"success": True, "data": answer.upload or self._told(session.context, answer)}
        except Exception as error:  # an answer of HTTP 500 is what the connector repeats for minutes
            return _failed(translated(error))

    def _told(self, context: Context, answer: Answer) -> dict[str, Any]:
        # As Snowflake does: JSON for everything but a query, and for that too when the session wants it.
        wanted = str(context.parameters.get("PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "ARROW")).upper()
        arrow = answer.kind == results.SELECT and not wanted.startswith("JSON")
        return {
            **(results.as_arrow(answer.rows) if arrow else results.as_json(answer.rows)),
            "rowtype": results.described(answer.rows),
            "total": answer.rows.num_rows,
            "returned": answer.rows.num_rows,
            "queryId": str(uuid.uuid4()),
            "statementTypeId": answer.kind,
            "parameters": [{"name": name, "value": value} for name, value in _parameters(context).items()],
            "finalDatabaseName": context.database,
            "finalSchemaName": context.schema,
            "finalWarehouseName": context.warehouse,
            "finalRoleName": context.role,
        }

    def end(self, token: str) -> dict[str, Any]:
        """The end of a session, after the statement that runs."""
        session = self.sessions.pop(token, None)
        if session is not None:
            session.end()
        return {"success": True, "data": None, "code": None, "message": None}

    def abort(self, token: str) -> dict[str, Any]:
        """Break off a session's statement."""
        session = self.sessions.get(token)
        if session is not None:
            session.interrupt()
        return {"success": True, "data": None}

    # What the harness asks

    def control(self, action: str, given: dict[str, Any]) -> dict[str, Any]:
        """Do what a method of `harness.Model` says."""
        account, faults = self.account, self.account.faults
        simple: dict[str, Callable[[], Any]] = {
            "announce": lambda: self.snowpipe.announce(given["bucket"], given["key"]),
            "deny": lambda: faults.deny(given["verb"], given["name"]),
            "hide": lambda: faults.hide(given["name"]),
            "end_sessions": lambda: [self.end(token) for token in list(self.sessions)],
            "forget_statements": faults.statements.clear,
            "restore": self._restore,
            "use_aws": lambda: self._use_aws(given["endpoint"]),
            "add_user": lambda: self._add_user(given["name"], given["password"], given["public_key"]),
        }
        if action in simple:
            simple[action]()
        elif action == "advance":
            account.ahead += timedelta(seconds=given["seconds"])
        elif action == "ingest_from":
            return {"arn": self.snowpipe.ingest_from(given["queue"])}
        elif action == "drained":
            return {"drained": self.snowpipe.drained(given["seconds"])}
        elif action == "hold_pipes":
            faults.hold_pipes = given["hold"]
            self.snowpipe.poke()
        elif action == "expire_tokens":
            account.users[given["user"].upper()].expired = given["expired"]
        elif action == "lose_connection":
            matching = re.compile(given["matching"], re.IGNORECASE)
            faults.breaks.append(Break(matching, given["nth"], given["executed"], given["lost"]))
        elif action == "fail":
            error = SqlError(given["code"], given["state"], given["message"])
            faults.breaks.append(Break(re.compile(given["matching"], re.IGNORECASE), given["nth"], error=error))
        elif action == "statements":
            matching = re.compile(given["matching"], re.IGNORECASE)
            return {"statements": [(sql, tag) for sql, tag in faults.statements if matching.search(sql)]}
        else:
            raise ValueError(f"no action {action}")
        return {}

    def _restore(self) -> None:
        self.account.faults.restore()
        self.account.ahead = timedelta()
        for user in self.account.users.values():
            user.expired = False
        self.snowpipe.poke()

    def _use_aws(self, endpoint: str) -> None:
        self.snowpipe.forget_queue()
        os.environ["AWS_ENDPOINT_URL"] = endpoint

    def _add_user(self, name: str, password: str | None, public_key: str | None) -> None:
        user = self.account.users.setdefault(name.upper(), auth.User(name.upper(), {"DEFAULT_ROLE": ADMIN}))
        self.account.make_admin(user.name)
        if password is not None:
            user.properties["PASSWORD"] = password
        if public_key is not None:
            auth.public_key(public_key)
            user.properties["RSA_PUBLIC_KEY"] = public_key


def _named(name: str | None) -> str | None:
    """A name of the connection's parameters: capitals, unless it is in quotes."""
    return parts(name)[-1] if name else None


def _parameters(context: Context) -> dict[str, Any]:
    return {
        "AUTOCOMMIT": context.parameters.get("AUTOCOMMIT", True),
        "TIMEZONE": context.parameters["TIMEZONE"],
        "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
    }


def _failed(error: SqlError) -> dict[str, Any]:
    data = {"errorCode": f"{error.code:06d}", "sqlState": error.state, "queryId": str(uuid.uuid4())}
    return {"success": False, "code": f"{error.code:06d}", "message": error.message, "data": data}


def application(service: Service) -> Starlette:
    """The paths."""

    def token(request: Request) -> str:
        found = re.fullmatch(r'Snowflake Token="(.*)"', request.headers.get("Authorization", ""))
        return found[1] if found else ""

    async def body(request: Request) -> dict[str, Any]:
        raw = await request.body()
        raw = gzip.decompress(raw) if request.headers.get("Content-Encoding") == "gzip" else raw
        found: dict[str, Any] = json.loads(raw or b"{}")
        return found

    async def answered(request: Request, answer: Callable[..., dict[str, Any]], *arguments: Any) -> Response:
        try:
            return JSONResponse(await run_in_threadpool(answer, *arguments))
        except DroppedError:
            _hang_up(request)
            return Response()

    async def login(request: Request) -> Response:
        return await answered(request, service.login, dict(request.query_params), await body(request))

    async def query(request: Request) -> Response:
        request_id = request.query_params.get("requestId", "")
        return await answered(request, service.query, token(request), request_id, await body(request))

    async def session(request: Request) -> Response:
        known = token(request) in service.sessions
        if "delete" in request.query_params:
            return await answered(request, service.end, token(request))
        return JSONResponse({"success": True, "data": None} if known else _failed(GONE))

    async def abort(request: Request) -> Response:
        return await answered(request, service.abort, token(request))

    async def control(request: Request) -> Response:
        try:
            told = await run_in_threadpool(service.control, request.path_params["action"], await body(request))
        except Exception as error:  # the harness shows it
            return Response(f"{type(error).__name__}: {error}", status_code=400)
        return JSONResponse(told)

    return Starlette(
        routes=[
            Route("/session/v1/login-request", login, methods=["POST"]),
            Route("/session", session, methods=["POST"]),
            Route("/session/heartbeat", session, methods=["POST"]),
            Route("/queries/v1/query-request", query, methods=["POST"]),
            Route("/queries/v1/abort-request", abort, methods=["POST"]),
            Route("/model/{action}", control, methods=["POST"]),
        ]
    )


def _hang_up(request: Request) -> None:
    """Close the connection under the request, so that no answer goes out."""
    # uvicorn 0.3x–0.5x: the application's `send` is a method of what holds the connection.
    cycle = request.scope["model.send"].__self__
    cycle.transport.abort()


class WithConnection:
    """Keeps uvicorn's `send` where `_hang_up` finds it: starlette wraps it in its own."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on."""
        scope["model.send"] = send
        await self.app(scope, receive, send)


def main() -> None:
    """Serve until standard input ends or the process is told to."""
    with tempfile.TemporaryDirectory(prefix="snowflake-model-") as scratch, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        service = Service(Path(scratch))
        config = uvicorn.Config(
            WithConnection(application(service)),
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)

        def end_with_input() -> None:
            sys.stdin.read()
            server.should_exit = True

        threading.Thread(target=end_with_input, daemon=True).start()
        service.snowpipe.start()
        # Listening already, so that a client waits from here on instead of being refused.
        listening.listen(128)
        print(listening.getsockname()[1], flush=True)
        server.run(sockets=[listening])
        service.snowpipe.stop()
        # A folder that fakesnow makes when it is imported; the model's stages are elsewhere.
        shutil.rmtree(LOCAL_BUCKET_PATH, ignore_errors=True)


if __name__ == "__main__":
    main()
