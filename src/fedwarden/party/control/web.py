"""From a route table to an application: who may ask, how large a body may be, what a failure looks like."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio.to_thread
import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fedwarden.common import disk
from fedwarden.common.errors import FedwardenError, IdentityError, StateError, UsageError
from fedwarden.party.audit import AuditLog
from fedwarden.party.control.http_peer import Caller
from fedwarden.party.jobs import worker_log

MAX_BODY = 1 << 20
BODY_SECONDS = 30.0

Who = Literal["regulator", "party"]
#: A record for each call, a count of calls that only look or come often, or nothing for what tells nothing.
Audit = Literal["each", "counted", "no"]

#: HTTP status by code; others by their area.
_STATUS = {
    "FW-DATA-520": 403,
    "FW-ID-060": 403,
    "FW-ID-522": 403,
    "FW-ID-061": 409,
    "FW-JOB-063": 409,
    "FW-JOB-064": 429,
    "FW-JOB-066": 404,
    "FW-JOB-520": 403,
    "FW-DATA-041": 404,
    "FW-MODEL-006": 429,
    "FW-MODEL-520": 429,
    "FW-MODEL-521": 403,
    "FW-STATE-520": 403,
    "FW-USE-060": 404,
    "FW-USE-061": 405,
    "FW-USE-064": 413,
}
_STATUS_BY_AREA = {"USE": 400, "ID": 409, "DATA": 422, "JOB": 409, "MODEL": 422, "LINK": 502, "STATE": 500}


@dataclass(frozen=True)
class Call:
    """One request, decoded."""

    caller: Caller
    path: dict[str, str]
    query: dict[str, str]
    body: Any


@dataclass(frozen=True)
class ApiRoute:
    """One line of the control API. ``run`` may block: it is called in a thread."""

    method: str
    path: str
    who: frozenset[Who]
    run: Callable[[Call], object]
    summary: str
    body: Any = None  # the type msgspec decodes; None: no body
    answer: Any = None  # the type that is answered; bytes: JSON lines
    query: tuple[str, ...] = field(default=())
    optional_body: bool = False
    audit: Audit = "each"  # how a call stands in the audit log
    told: Callable[[Call, Any], dict[str, Any]] | None = None  # what the record of an allowed call says: counts, kinds


def failure(error: FedwardenError) -> Response:
    parts = error.code.split("-")
    status = _STATUS.get(error.code) or _STATUS_BY_AREA.get(parts[1] if len(parts) > 1 else "", 500)
    return Response(msgspec.json.encode({"error": error.to_dict()}), status, media_type="application/json")


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body. Raises UsageError FW-USE-064 (too large) or FW-USE-065 (too slow, or cut off)."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > limit:
        raise UsageError("FW-USE-064", limit=limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise UsageError("FW-USE-064", limit=limit)
    except (TimeoutError, ClientDisconnect):
        raise UsageError("FW-USE-065", seconds=round(BODY_SECONDS)) from None
    return bytes(body)


def build(routes: list[ApiRoute], audit: AuditLog) -> Starlette:
    """An application that serves ``routes`` and nothing else, and notes in ``audit`` what was asked and decided."""
    by_path: dict[str, dict[str, ApiRoute]] = {}
    for route in routes:
        by_path.setdefault(route.path, {})[route.method] = route
    # a path without places goes before one whose place it would fit
    ordered = sorted(by_path.items(), key=lambda one: "{" in one[0])
    app = Starlette(
        routes=[Route(path, _Endpoint(path, methods, audit)) for path, methods in ordered],
        exception_handlers={HTTPException: _unknown},
    )
    app.router.redirect_slashes = False
    return app


@dataclass(frozen=True)
class _Endpoint:
    """One path as an ASGI application, so that every method reaches it (Starlette would answer 405 in its own form)."""

    path: str
    methods: dict[str, ApiRoute]
    audit: AuditLog

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        begun = time.monotonic()
        log = structlog.get_logger()
        caller: Caller | None = getattr(request.state, "caller", None)
        code = None
        try:
            response = await _serve(request, caller, self.path, self.methods, self.audit)
        except FedwardenError as error:
            code = error.code
            response = failure(error)
        except Exception as error:  # whatever it is, its text may quote data: only its kind and place are told
            kind = type(error).__name__
            told = disk.refusal(error, where="the agent's folder") or StateError("FW-STATE-099", why=kind)
            code = told.code
            response = failure(told)
            log.error("fault", kind=type(error).__name__, at=worker_log.places(error)[-8:])
        log.info(
            "request",
            method=request.method[:10],
            route=self.path,
            caller=caller.name if caller else "nobody",
            status=response.status_code,
            code=code,
            ms=round(1000 * (time.monotonic() - begun), 1),
        )
        return response


async def _serve(
    request: Request, caller: Caller | None, path: str, methods: dict[str, ApiRoute], audit: AuditLog
) -> Response:
    method = request.method[:10]
    route = methods.get(method)
    asked = f"{method if route is not None else 'other method'} {path}"
    try:
        call = await _call(request, caller, path, route, sorted(methods))
    except FedwardenError as error:
        # what was refused unread may come from anybody and as often as they like: it is counted
        who = caller.name if caller else "nobody"
        await anyio.to_thread.run_sync(functools.partial(audit.count, who, asked, refused=error.code))
        raise
    assert route is not None
    answer = await anyio.to_thread.run_sync(_audited, route, call, asked, audit)
    if isinstance(answer, bytes):
        return Response(answer, media_type="application/x-ndjson")
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _audited(route: ApiRoute, call: Call, asked: str, audit: AuditLog) -> object:
    """Runs the call and notes it before it is answered. Raises what the call raises, StateError FW-STATE-560."""
    subject = _subject(call)
    try:
        answer = route.run(call)
    except Exception as error:
        code = error.code if isinstance(error, FedwardenError) else "FW-STATE-099"
        if route.audit == "each":
            audit.record(call.caller.name, asked, subject, refused=code, key=call.caller.fingerprint)
        else:
            audit.count(call.caller.name, asked, subject, refused=code)
        raise
    if route.audit == "each":
        told = route.told(call, answer) if route.told is not None else {}
        audit.record(call.caller.name, asked, subject, key=call.caller.fingerprint, **told)
    elif route.audit == "counted":
        audit.count(call.caller.name, asked, subject)
    return answer


def _subject(call: Call) -> str:
    """What the call was about: the id in its path, else the one in its body."""
    for found in call.path.values():
        return found
    for name in ("job_id", "name", "model_version", "project"):
        held = getattr(call.body, name, None)
        if isinstance(held, str):
            return held
    return ""


async def _call(request: Request, caller: Caller | None, path: str, route: ApiRoute | None, known: list[str]) -> Call:
    """The request, decoded, from somebody who may ask it. Raises IdentityError, UsageError."""
    method = request.method[:10]
    if caller is None:
        raise IdentityError("FW-ID-060", who="nobody", method=method, route=path)
    if route is None:
        raise UsageError("FW-USE-061", method=method, route=path, allowed=known)
    if caller.identity.kind not in route.who:
        raise IdentityError("FW-ID-060", who=caller.name, method=method, route=path)
    raw = await read_body(request)
    body = None
    if route.body is not None and not (route.optional_body and not raw):
        try:
            body = msgspec.json.decode(raw, type=route.body)
        except msgspec.MsgspecError as error:
            raise UsageError("FW-USE-063", route=route.path, why=str(error)[:200]) from None
    return Call(caller, dict(request.path_params), dict(request.query_params), body)


async def _unknown(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    if status == 404:
        return failure(UsageError("FW-USE-060", route=request.url.path[:100]))
    return failure(UsageError("FW-USE-063", route=request.url.path[:100], why=f"HTTP {status}"))
