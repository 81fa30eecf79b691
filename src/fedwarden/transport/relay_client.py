"""A party's way to the regulator's relay: it shows its certificate there, says whom it wants, and waits to be joined.

Once joined, the TLS session with the relay ends in good order and the bare connection leads to the other party: the
TLS session of the two begins on it, which the relay passes on without having any key of it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Literal

import msgspec

from fedwarden.common.api import RelayPlace
from fedwarden.common.structs import prepare
from fedwarden.identity.contexts import Credentials, check_peer, client_context
from fedwarden.identity.names import party_identity
from fedwarden.transport import frames
from fedwarden.transport.hello import read_frame
from fedwarden.transport.wire import Closed

CONNECT_SECONDS = 5.0


class Refused(Closed):
    """The relay does not serve this party, or not for what it wants; the text says why."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a party says to the relay.

    ``job``: meet ``party``'s role ``to`` of this job. ``offer``: wait until somebody calls this party's control port.
    ``call``: reach the control port of ``party``.
    """

    kind: Literal["job", "offer", "call"] = "job"
    party: int
    job: str = ""
    role: str = ""
    to: str = ""


def join(
    relay: RelayPlace,
    place: tuple[str, int],
    credentials: Credentials,
    wanted: Wanted,
    seconds: float,
    seen: Callable[[socket.socket], None],
) -> socket.socket:
    """The bare connection to the other party, with ``seconds`` as its timeout.

    Raises IdentityError (somebody else than the relay is there), Refused, Closed (also when the other party did not
    come), ssl.SSLError, BadFrame, OSError.
    """
    address = f"{place[0]}:{place[1]}"
    raw = socket.create_connection(place, min(CONNECT_SECONDS, seconds))
    sock: socket.socket = raw
    seen(raw)
    try:
        raw.settimeout(seconds)
        sock = secure = client_context(*credentials).wrap_socket(raw)
        seen(secure)
        check_peer(secure, party_identity(relay.party), relay.fingerprint, address)
        secure.sendall(b"".join(frames.encode(frames.HELLO, meta=msgspec.to_builtins(wanted))[0]))
        answer = read_frame(secure)
        if answer.kind == frames.BYE:
            raise Closed("the other side has not come to the relay")
        if answer.kind == frames.ABORT:
            raise Refused(f"the relay refuses: {str(answer.meta.get('why', '?'))[:100]}")
        if answer.kind != frames.HEARTBEAT:
            raise frames.BadFrame("no answer of a relay")
        secure.unwrap()
        bare = socket.socket(fileno=secure.detach())
        bare.settimeout(seconds)
    except BaseException:
        sock.close()
        raise
    with contextlib.suppress(OSError):
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    seen(bare)
    return bare


prepare(__name__)
