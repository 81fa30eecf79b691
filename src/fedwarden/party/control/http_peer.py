"""uvicorn's HTTP protocol, extended by what it leaves out: who is at the other end of the TLS connection."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from uvicorn.protocols.http.h11_impl import H11Protocol

from fedwarden.common.errors import IdentityError
from fedwarden.identity.contexts import peer_of
from fedwarden.identity.names import Identity

#: Seconds for the headers of the first request: a connection that says nothing does not stay.
FIRST_REQUEST = 15.0


class Caller(NamedTuple):
    """Whose certificate the connection showed; the handshake has checked it against the CA."""

    identity: Identity
    fingerprint: str

    @property
    def name(self) -> str:
        return "regulator" if self.identity.kind == "regulator" else f"party {self.identity.party}"


class _Impatient(H11Protocol):
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._patience = self.loop.call_later(FIRST_REQUEST, self._lose_patience)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _lose_patience(self) -> None:
        if self.cycle is None:
            self.transport.close()


class PeerProtocol(_Impatient):
    """Puts the connection's ``Caller`` into the request's ``scope["state"]["caller"]`` (None: nobody of ours)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        caller: Caller | None = None
        tls: Any = transport.get_extra_info("ssl_object")
        if tls is not None:
            try:
                caller = Caller(*peer_of(tls))
            except IdentityError:
                caller = None
        # each connection gets its own copy: the dictionary that uvicorn hands in is shared by all of them
        self.app_state = {**self.app_state, "caller": caller}


class PlainProtocol(_Impatient):
    """The same patience without TLS."""
