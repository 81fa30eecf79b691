"""Two roles show each other who they are, over a connection that is there already, whichever side made it.

A peer is accepted only when three things hold: the regulator's CA signed its certificate, the certificate names the
party of that role, and its key is exactly the one pinned in the job. Then both greet (hello.py).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any

from fedwarden.common.api import JobPeer, JobSpec
from fedwarden.common.errors import IdentityError
from fedwarden.identity.contexts import (
    Credentials,
    check_peer,
    client_context,
    peer_of,
    server_context,
)
from fedwarden.identity.names import party_identity
from fedwarden.transport import hello

#: Told of every socket that now stands for the connection, so that it can be ended from outside.
Seen = Callable[[socket.socket], None]


class Introduction:
    """``own`` is this role in ``spec``. Every method closes the connection when it raises."""

    def __init__(self, spec: JobSpec, own: JobPeer, credentials: Credentials) -> None:
        self._spec, self._own = spec, own
        self._others = [peer for peer in spec.roles if peer is not own]
        self._client, self._server = client_context(*credentials), server_context(*credentials)

    def as_client(self, raw: socket.socket, peer: JobPeer, address: str, seen: Seen) -> ssl.SSLSocket:
        """Raises IdentityError (somebody else is there), LinkError FW-LINK-021 … -023, what the peer refused us with,
        ssl.SSLError, Closed, BadFrame, OSError."""
        sock = raw
        try:
            sock = secure = self._client.wrap_socket(raw, server_hostname=f"{self._spec.job_id}.{peer.role}.fedwarden")
            seen(secure)
            check_peer(secure, party_identity(peer.party), peer.fingerprint, address)
            mine = hello.own_hello(self._spec, self._own.role, peer.role)
            hello.say(secure, mine)
            hello.check(hello.hear(secure), mine, peer)
        except BaseException:
            sock.close()
            raise
        return secure

    def as_server(self, raw: socket.socket, address: str, seen: Seen) -> tuple[JobPeer, ssl.SSLSocket]:
        """Whoever of the job's other roles it is. Raises the same as :meth:`as_client`."""
        sock = raw
        try:
            sock = secure = self._server.wrap_socket(raw, server_side=True)
            seen(secure)
            candidates = self._candidates(secure, address)
            theirs = hello.hear(secure)
            # the role it claims, if its certificate may play that one; else the check below names the difference
            peer = next((one for one in candidates if one.role == theirs.role), candidates[0])
            mine = hello.own_hello(self._spec, self._own.role, peer.role)
            hello.say(secure, mine)
            hello.check(theirs, mine, peer)
        except BaseException:
            sock.close()
            raise
        return peer, secure

    def tell_the_end(self, raw: socket.socket, cause: dict[str, Any]) -> None:
        """Instead of a greeting: this role has failed, and why. Raises the same as :meth:`as_client`."""
        sock: socket.socket = raw
        try:
            sock = secure = self._server.wrap_socket(raw, server_side=True)
            self._candidates(secure, "?")
            if hello.hear(secure).spec == hello.spec_hash(self._spec):  # of another attempt nothing is known here
                hello.refuse(secure, cause)
        finally:
            sock.close()

    def _candidates(self, sock: ssl.SSLSocket, address: str) -> list[JobPeer]:
        """The roles that this certificate may play. Raises IdentityError FW-ID-011 or FW-ID-012."""
        found = peer_of(sock)
        named = [peer for peer in self._others if party_identity(peer.party) == found.identity]
        pinned = [peer for peer in named if peer.fingerprint.lower() == found.fingerprint]
        if pinned:
            return pinned
        if named:
            pin = named[0].fingerprint.lower()
            error = IdentityError(
                "FW-ID-012", address=address, who=found.identity.uri, pinned=pin, found=found.fingerprint
            )
        else:
            awaited = ", ".join(sorted({party_identity(peer.party).uri for peer in self._others}))
            error = IdentityError("FW-ID-011", address=address, expected=awaited, found=found.identity.uri)
        with contextlib.suppress(OSError):
            hello.refuse(sock, error.to_dict())
        raise error
