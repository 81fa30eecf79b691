"""In front of the control API: a caller whose key is revoked gets nothing, also on a connection that is open."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from fedwarden.common.errors import IdentityError
from fedwarden.identity.revocation import RevocationBook
from fedwarden.party.http_peer import Caller
from fedwarden.party.web import failure


class Guard:
    def __init__(self, app: ASGIApp, revoked: RevocationBook) -> None:
        self._app, self._revoked = app, revoked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = getattr(Request(scope).state, "caller", None) if scope["type"] == "http" else None
        if caller is not None:
            try:
                self._revoked.check(caller.fingerprint, caller.identity.uri)
            except IdentityError as error:
                await failure(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
