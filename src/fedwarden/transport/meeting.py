"""How the roles of a job find each other: each dials the roles before it in the job's list and awaits those behind.

A peer is accepted only when three things hold: the regulator's CA signed its certificate, the certificate names the
party of that role, and its key is exactly the one pinned in the job. Then both greet (hello.py).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

from fedwarden.common.api import JobPeer, JobSpec
from fedwarden.common.errors import FedwardenError, IdentityError
from fedwarden.identity.contexts import (
    Credentials,
    check_peer,
    client_context,
    handshake_error,
    peer_of,
    server_context,
)
from fedwarden.identity.names import party_identity
from fedwarden.transport import hello
from fedwarden.transport.alarm import Alarm
from fedwarden.transport.frames import BadFrame
from fedwarden.transport.handoff import WorkerEnd
from fedwarden.transport.wire import Closed

__all__ = ["Credentials", "Meeting"]

#: Seconds for one TCP connection; for a handshake by who dials (its connection may be parked until the worker is there)
#: and by who was dialled; between two attempts.
CONNECT_SECONDS, DIAL_SECONDS, GREET_SECONDS, RETRY_SECONDS = 5.0, 25.0, 10.0, 0.2
#: Handshakes of incoming connections at one time.
MAX_GREETINGS = 16


class Meeting:
    """``met`` is called, from several threads, with each peer that was checked and its socket (blocking, greeted)."""

    def __init__(
        self,
        spec: JobSpec,
        own: JobPeer,
        credentials: Credentials,
        agent: WorkerEnd,
        alarm: Alarm,
        met: Callable[[JobPeer, ssl.SSLSocket], None],
    ) -> None:
        self._spec, self._own, self._agent, self._alarm, self._met = spec, own, agent, alarm, met
        self._client, self._server = client_context(*credentials), server_context(*credentials)
        place = spec.roles.index(own)
        self._before, self._behind = spec.roles[:place], spec.roles[place + 1 :]
        self._reasons: dict[str, str] = {}
        self._refused = ""
        self._over = threading.Event()
        self._greetings = threading.Semaphore(MAX_GREETINGS)

    def last_reason(self, role: str) -> str:
        """Why ``role`` is not here yet, as far as it is known."""
        return self._reasons.get(role) or self._refused or "nothing heard of it"

    @contextlib.contextmanager
    def until(self, end: float) -> Iterator[None]:
        """Dials and awaits while the block runs, at most until ``end`` (monotonic)."""
        targets: list[tuple[str, Callable[[], None]]] = [
            (f"dial-{peer.role}", lambda peer=peer: self._dial(peer, end))  # type: ignore[misc]
            for peer in self._before
        ]
        if self._behind:
            targets.append(("await", lambda: self._await(end)))
        for name, run in targets:
            threading.Thread(target=run, name=name, daemon=True).start()
        try:
            yield
        finally:
            self._over.set()

    def _going(self, end: float) -> bool:
        return not self._over.is_set() and not self._alarm.tripped.is_set() and time.monotonic() < end

    def _fail(self, error: FedwardenError) -> None:
        self._alarm.trip({**error.to_dict(), "role": self._own.role, "party": self._own.party})

    # the one who dials

    def _dial(self, peer: JobPeer, end: float) -> None:
        address = f"{peer.host}:{peer.data_port}"
        while self._going(end):
            try:
                self._met(peer, self._call(peer, address, end))
                return
            except FedwardenError as error:  # who answers is wrong, the greetings differ, or the other side refused us
                self._fail(error)
                return
            except ssl.SSLEOFError:
                self._reasons[peer.role] = "connection closed (no worker of that role there yet)"
            except ssl.SSLError as error:
                self._fail(handshake_error(error, address))
                return
            except (Closed, BadFrame) as error:
                self._reasons[peer.role] = str(error)
            except TimeoutError:
                self._reasons[peer.role] = "no answer"
            except OSError as error:
                self._reasons[peer.role] = error.strerror or type(error).__name__
            self._over.wait(RETRY_SECONDS)

    def _call(self, peer: JobPeer, address: str, end: float) -> ssl.SSLSocket:
        left = max(0.1, end - time.monotonic())
        raw = socket.create_connection((peer.host, peer.data_port), min(CONNECT_SECONDS, left))
        sock = raw
        try:
            raw.settimeout(min(DIAL_SECONDS, left))
            sock = self._client.wrap_socket(raw, server_hostname=f"{self._spec.job_id}.{peer.role}.fedwarden")
            check_peer(sock, party_identity(peer.party), peer.fingerprint, address)
            mine = hello.own_hello(self._spec, self._own.role, peer.role)
            hello.say(sock, mine)
            hello.check(hello.hear(sock), mine, peer)
            hello.say_ready(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    # the one who is dialled

    def _await(self, end: float) -> None:
        while self._going(end):
            raw = self._agent.accept(0.2)
            if raw is None:
                continue
            if not self._greetings.acquire(blocking=False):
                raw.close()
                continue
            threading.Thread(target=self._greet, args=(raw,), name="greet", daemon=True).start()

    def _greet(self, raw: socket.socket) -> None:
        """Nobody can make the job fail from here but a pinned peer: the others are refused and waited past."""
        sock: socket.socket = raw
        try:
            raw.settimeout(GREET_SECONDS)
            sock = secure = self._server.wrap_socket(raw, server_side=True)
            candidates = self._candidates(secure, _address(raw))
            self._met(*self._agree(secure, candidates))
        except (IdentityError, ssl.SSLError, Closed, BadFrame, OSError) as error:
            self._refused = _words(error)
            sock.close()
        except FedwardenError as error:
            self._fail(error)
            sock.close()
        finally:
            self._greetings.release()

    def _candidates(self, sock: ssl.SSLSocket, address: str) -> list[JobPeer]:
        """The awaited roles that this certificate may play. Raises IdentityError FW-ID-011 or FW-ID-012."""
        found = peer_of(sock)
        named = [peer for peer in self._behind if party_identity(peer.party) == found.identity]
        pinned = [peer for peer in named if peer.fingerprint.lower() == found.fingerprint]
        if pinned:
            return pinned
        if named:
            pin = named[0].fingerprint.lower()
            error = IdentityError(
                "FW-ID-012", address=address, who=found.identity.uri, pinned=pin, found=found.fingerprint
            )
        else:
            awaited = ", ".join(sorted({party_identity(peer.party).uri for peer in self._behind}))
            error = IdentityError("FW-ID-011", address=address, expected=awaited, found=found.identity.uri)
        with contextlib.suppress(OSError):
            hello.refuse(sock, error)
        raise error

    def _agree(self, sock: ssl.SSLSocket, candidates: list[JobPeer]) -> tuple[JobPeer, ssl.SSLSocket]:
        theirs = hello.hear(sock)
        # the role it claims, if its certificate may play that one; else the check below names the difference
        peer = next((one for one in candidates if one.role == theirs.role), candidates[0])
        mine = hello.own_hello(self._spec, self._own.role, peer.role)
        hello.say(sock, mine)
        hello.check(theirs, mine, peer)
        hello.hear_ready(sock)
        return peer, sock


def _address(sock: socket.socket) -> str:
    with contextlib.suppress(OSError, IndexError, TypeError):
        host, port = sock.getpeername()[:2]
        return f"{host}:{port}"
    return "?"


def _words(error: Exception) -> str:
    if isinstance(error, FedwardenError):
        return error.code
    if isinstance(error, ssl.SSLError):
        return error.reason or type(error).__name__
    return str(error) if isinstance(error, (Closed, BadFrame)) else getattr(error, "strerror", None) or "no answer"
