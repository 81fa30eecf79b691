"""The blind relay: two parties that can both only dial out meet here; it passes on bytes that it cannot read.

Each side first shows its certificate (TLS 1.3, both ways) and says whom it wants. Only when both want each other, and
``allowed`` agrees, are they joined: their TLS sessions with the relay end, and what goes through from then on is the
TLS session of the two. Everything is bounded: connections, how long they wait, and the bytes on their way.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from fedwarden.common.errors import FedwardenError
from fedwarden.identity.contexts import Credentials, Peer, peer_of, server_context
from fedwarden.transport import frames
from fedwarden.transport.hello import read_frame
from fedwarden.transport.pump import join_ends
from fedwarden.transport.relay_client import Wanted
from fedwarden.transport.wire import Closed

#: Seconds for the handshake and the request; until a worker's other side must have come; an offer stands.
GREET_SECONDS, WAIT_SECONDS, OFFER_SECONDS = 10.0, 20.0, 600.0
#: Connections at one time, those of one party, and those of one address that have not shown who they are.
MAX_CONNECTIONS, MAX_OF_PARTY, MAX_STRANGERS = 512, 160, 64

Allowed = Callable[[Peer, Wanted], str]
Key = tuple[Any, ...]


class _Waiting:
    def __init__(self, sock: ssl.SSLSocket) -> None:
        self.sock = sock
        self.taken = threading.Event()


class Relay:
    """``allowed`` answers why a peer may not have what it wants, in a few words; empty: it may. ``told`` hears what
    happens: an event's name and its facts (parties, roles, sizes)."""

    def __init__(self, credentials: Credentials, allowed: Allowed, told: Callable[..., None]) -> None:
        self._context = server_context(*credentials)
        self._allowed, self._told = allowed, told
        self._lock = threading.Lock()
        self._waiting: dict[Key, list[_Waiting]] = {}
        self._of_party: dict[int, int] = {}
        self._strangers: Counter[str] = Counter()
        self._slots = threading.Semaphore(MAX_CONNECTIONS)

    def serve(self, listener: socket.socket) -> None:
        """Until ``listener`` is closed or shut down."""
        listener.setblocking(True)
        while True:
            try:
                sock, address = listener.accept()
            except OSError:
                return
            if not self._stranger(address[0], 1):
                sock.close()
                continue
            if not self._slots.acquire(blocking=False):
                self._stranger(address[0], -1)
                sock.close()
                continue
            threading.Thread(target=self._serve_one, args=(sock, address), daemon=True).start()

    def _stranger(self, host: str, step: int) -> bool:
        with self._lock:
            if step > 0 and self._strangers[host] >= MAX_STRANGERS:
                return False
            self._strangers[host] += step
            if not self._strangers[host]:
                del self._strangers[host]
            return True

    def _serve_one(self, raw: socket.socket, address: tuple[str, int]) -> None:
        sock: socket.socket = raw
        party: int | None = None
        known = False
        try:
            raw.settimeout(GREET_SECONDS)
            sock = secure = self._context.wrap_socket(raw, server_side=True)
            peer = peer_of(secure)
            wanted = _wanted(secure)
            why = self._allowed(peer, wanted)
            if not why and self._count(peer.identity.party or 0, 1):
                party = peer.identity.party or 0  # counted, so that the end counts it back
            if party is None:
                why = why or "too many connections of this party"
                self._told("refused", who=peer.identity.uri, why=why, **_facts(wanted))
                with contextlib.suppress(OSError):
                    _say(secure, frames.ABORT, {"why": why})
                return
            known = self._stranger(address[0], -1)
            self._meet(secure, party, wanted)
        except (FedwardenError, frames.BadFrame, Closed, ssl.SSLError) as error:
            why = getattr(error, "code", None) or type(error).__name__
            self._told("refused", address=f"{address[0]}:{address[1]}", why=why)
        except (OSError, ValueError):
            pass  # it went away
        finally:
            if not known:
                self._stranger(address[0], -1)
            if party is not None:
                self._count(party, -1)
            self._slots.release()
            sock.close()

    def _count(self, party: int, step: int) -> bool:
        with self._lock:
            after = self._of_party.get(party, 0) + step
            if after > MAX_OF_PARTY:
                return False
            self._of_party[party] = after
            return True

    def _meet(self, sock: ssl.SSLSocket, party: int, wanted: Wanted) -> None:
        mine, theirs = _keys(party, wanted)
        with self._lock:
            others = self._waiting.get(theirs, []) if theirs else []
            other = others.pop(0) if others else None
            if other is not None:
                other.taken.set()
            elif mine:
                waiting = _Waiting(sock)
                if wanted.kind == "job":  # a new attempt of a role takes the place of its last one
                    self._waiting[mine] = []
                self._waiting.setdefault(mine, []).append(waiting)
        if other is not None:
            self._join(sock, other.sock, party, wanted)
        elif mine:
            self._wait(waiting, mine, OFFER_SECONDS if wanted.kind == "offer" else WAIT_SECONDS)
        else:
            _say(sock, frames.BYE)

    def _wait(self, waiting: _Waiting, key: Key, seconds: float) -> None:
        """Until somebody took this connection, its party went away, or the time is over."""
        end = time.monotonic() + seconds
        gone = select.poll()
        gone.register(waiting.sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while time.monotonic() < end and not gone.poll(0):
            if waiting.taken.wait(0.25):
                break
        with self._lock:
            if not waiting.taken.is_set():
                listed = self._waiting.get(key, [])
                if waiting in listed:
                    listed.remove(waiting)
                if not listed:
                    self._waiting.pop(key, None)
        if not waiting.taken.is_set():
            _say(waiting.sock, frames.BYE)
            return
        while waiting.sock.fileno() >= 0:  # whoever took it closes it or takes it over
            time.sleep(0.05)

    def _join(self, sock: ssl.SSLSocket, other: ssl.SSLSocket, party: int, wanted: Wanted) -> None:
        bare: list[socket.socket] = []
        try:
            for one in (sock, other):
                one.settimeout(GREET_SECONDS)
                _say(one, frames.HEARTBEAT)
                one.unwrap()
                bare.append(socket.socket(fileno=one.detach()))
        except BaseException:
            for left in (other, *bare):
                left.close()
            raise
        self._told("joined", party=party, other=wanted.party, **_facts(wanted))
        there, back = join_ends(bare[0], bare[1])
        self._told("ended", party=party, other=wanted.party, sent=there, received=back, **_facts(wanted))


def _keys(party: int, wanted: Wanted) -> tuple[Key | None, Key | None]:
    """Under which key this connection waits, and which waiting one it is for."""
    if wanted.kind == "job":
        mine = (wanted.job, party, wanted.role, wanted.party, wanted.to)
        return mine, (wanted.job, wanted.party, wanted.to, party, wanted.role)
    if wanted.kind == "offer":
        return ("offer", party), None
    return None, ("offer", wanted.party)


def _facts(wanted: Wanted) -> dict[str, str]:
    facts = {"kind": wanted.kind, "job": wanted.job[:64], "role": wanted.role[:20], "to": wanted.to[:20]}
    return {name: value for name, value in facts.items() if value}


def _wanted(sock: ssl.SSLSocket) -> Wanted:
    header = read_frame(sock, GREET_SECONDS)
    sock.settimeout(GREET_SECONDS)
    if header.kind != frames.HELLO:
        raise frames.BadFrame("no request")
    try:
        return msgspec.convert(header.meta, Wanted)
    except msgspec.MsgspecError:
        raise frames.BadFrame("a request that is not readable") from None


def _say(sock: ssl.SSLSocket, kind: str, meta: dict[str, Any] | None = None) -> None:
    sock.sendall(b"".join(frames.encode(kind, meta=meta)[0]))
