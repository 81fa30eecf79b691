"""In front of the control API: a caller whose key is revoked gets nothing, also on a connection that is open."""

from __future__ import annotations

import functools

import anyio.to_thread
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from fedwarden.common.errors import IdentityError
from fedwarden.identity.revocation import RevocationBook
from fedwarden.party.audit import AuditLog
from fedwarden.party.control.http_peer import Caller
from fedwarden.party.control.web import failure


class Guard:
    def __init__(self, app: ASGIApp, revoked: RevocationBook, audit: AuditLog) -> None:
        self._app, self._revoked, self._audit = app, revoked, audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = getattr(Request(scope).state, "caller", None) if scope["type"] == "http" else None
        if caller is not None:
            try:
                self._revoked.check(caller.fingerprint, caller.identity.uri)
            except IdentityError as error:
                note = functools.partial(self._audit.count, caller.name, "any call", refused=error.code)
                await anyio.to_thread.run_sync(note)
                await failure(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
