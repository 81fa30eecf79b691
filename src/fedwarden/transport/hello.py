"""What two roles tell each other first, before any data: which job, which role, which text of the job, which program.

Both sides say it before either checks it, so that both can name what differs. It goes over the blocking socket of the
fresh handshake; the channel's threads start afterwards.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from typing import Any, NoReturn

import msgspec

import fedwarden
from fedwarden.common.api import JobPeer, JobSpec
from fedwarden.common.errors import FedwardenError, LinkError
from fedwarden.common.structs import prepare
from fedwarden.transport import frames
from fedwarden.transport.wire import Closed

#: Raised when frames or the order of the greeting change.
PROTOCOL = 2


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    job: str
    role: str
    to: str
    spec: str  # hash of the job's text
    version: str
    protocol: int = PROTOCOL


def spec_hash(spec: JobSpec) -> str:
    """SHA-256 of what must be the same at every party: all of the job's text but the others' dataset ids."""
    shared = msgspec.structs.replace(spec, role_datasets={})
    return hashlib.sha256(msgspec.json.encode(shared, order="deterministic")).hexdigest()


def own_hello(spec: JobSpec, role: str, to: str) -> Hello:
    return Hello(job=spec.job_id, role=role, to=to, spec=spec_hash(spec), version=fedwarden.__version__)


def say(sock: ssl.SSLSocket, hello: Hello) -> None:
    sock.sendall(b"".join(frames.encode(frames.HELLO, meta=msgspec.to_builtins(hello))[0]))


def say_ready(sock: ssl.SSLSocket) -> None:
    """The deciding side's last word: it has heard and accepts, and this is the connection that serves."""
    sock.sendall(b"".join(frames.encode(frames.HEARTBEAT)[0]))


def say_not_needed(sock: ssl.SSLSocket) -> None:
    """The deciding side's last word on every connection but that one."""
    sock.sendall(b"".join(frames.encode(frames.BYE)[0]))


class Ended(Closed):
    """The peer's role has failed already; ``cause`` is what it says of itself."""

    def __init__(self, cause: dict[str, Any]) -> None:
        super().__init__("failed already")
        self.cause = cause


def refuse(sock: ssl.SSLSocket, why: dict[str, Any]) -> None:
    """Instead of a greeting: an error, to a peer whose certificate is good but who does not belong here, or a cause,
    which names the role that it is about."""
    sock.sendall(b"".join(frames.encode(frames.ABORT, meta=why)[0]))


def hear(sock: ssl.SSLSocket) -> Hello:
    """Raises what the other side refused us with, Ended, Closed, or BadFrame."""
    header = read_frame(sock)
    if header.kind == frames.ABORT and "role" in header.meta:
        raise Ended(header.meta)
    if header.kind == frames.ABORT:
        raise FedwardenError.from_dict(header.meta)
    if header.kind != frames.HELLO:
        raise frames.BadFrame("no greeting")
    try:
        return msgspec.convert(header.meta, Hello)
    except msgspec.MsgspecError:
        raise frames.BadFrame("a greeting that is not readable") from None


def hear_ready(sock: ssl.SSLSocket) -> None:
    """Raises Closed when another connection serves, BadFrame."""
    kind = read_frame(sock).kind
    if kind == frames.BYE:
        raise Closed("another connection serves")
    if kind != frames.HEARTBEAT:
        raise frames.BadFrame("no word that it is ready")


def check(theirs: Hello, ours: Hello, peer: JobPeer) -> None:
    """Raises LinkError FW-LINK-021 (program), -022 (text of the job) or -023 (job or role)."""
    if theirs.job != ours.job or theirs.role != peer.role or theirs.to != ours.role:
        found = f"{theirs.job[:40]} {theirs.role[:20]}→{theirs.to[:20]}"
        expected = f"{ours.job} {peer.role}→{ours.role}"
        _differs("FW-LINK-023", peer, expected, found)
    if (theirs.version, theirs.protocol) != (ours.version, ours.protocol):
        _differs("FW-LINK-021", peer, f"{ours.version}/{ours.protocol}", f"{theirs.version[:20]}/{theirs.protocol}")
    if theirs.spec != ours.spec:
        _differs("FW-LINK-022", peer, ours.spec[:16], theirs.spec[:16])


def _differs(code: str, peer: JobPeer, expected: str, found: str) -> NoReturn:
    raise LinkError(code, role=peer.role, party=peer.party, expected=expected, found=found)


def read_frame(sock: ssl.SSLSocket, seconds: float | None = None) -> frames.Header:
    """``seconds`` bound the whole frame, however slowly it drips: the socket's own timeout is per call."""
    end = None if seconds is None else time.monotonic() + seconds
    return frames.decode_header(_exactly(sock, frames.header_length(_exactly(sock, 4, end)), end))


def _exactly(sock: ssl.SSLSocket, count: int, end: float | None) -> bytes:
    out = b""
    while len(out) < count:
        if end is not None:
            if (left := end - time.monotonic()) <= 0:
                raise TimeoutError
            sock.settimeout(left)
        part = sock.recv(count - len(out))
        if not part:
            raise Closed("closed")
        out += part
    return out


prepare(__name__)
