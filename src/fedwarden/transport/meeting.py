"""How the roles of a job find each other. In each pair both sides dial, so that one open direction is enough.

Of two roles the one that comes later in the job's list *decides*: it dials first, says on one connection that this is
the one, and ends every other. The other side takes the connection on which it hears that word: both hold the same one,
whatever was built at the same time. Where both sides can only dial out, they may meet at the regulator's relay.
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
from fedwarden.identity.contexts import Credentials, handshake_error
from fedwarden.transport import addresses, hello, relay_client
from fedwarden.transport.alarm import Alarm, heard
from fedwarden.transport.attempts import Attempt, Attempts
from fedwarden.transport.frames import BadFrame
from fedwarden.transport.handoff import WorkerEnd
from fedwarden.transport.introduction import Introduction
from fedwarden.transport.wire import Closed

__all__ = ["Credentials", "Meeting"]

#: Seconds for one TCP connection; for a handshake by who dials (its connection may be parked until the worker is there)
#: and by who was dialled; between two attempts.
CONNECT_SECONDS, DIAL_SECONDS, GREET_SECONDS, RETRY_SECONDS = 5.0, 25.0, 10.0, 0.2
#: Seconds by which the deciding side is ahead; after which a configured relay helps a pair that cannot dial; and that
#: the other direction has left once somebody else than the peer answered in this one.
HEAD_START, RELAY_AFTER, DOUBT_SECONDS = 1.0, 8.0, 3.0
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
        self._credentials = credentials
        self._introduction = Introduction(spec, own, credentials)
        place = spec.roles.index(own)
        self._before, self._behind = spec.roles[:place], spec.roles[place + 1 :]
        self._attempts = Attempts()
        self._reasons: dict[tuple[str, str], str] = {}  # (role, out | back | relay) → why there is no connection yet
        self._refused = ""
        self.doubts: dict[str, FedwardenError] = {}  # role → who else than that role answered for it
        self.relayed: list[str] = []  # roles that were met at the relay
        self._over = threading.Event()
        self._greetings = threading.Semaphore(MAX_GREETINGS)

    def reasons(self, peer: JobPeer) -> dict[str, str]:
        """Why ``peer`` is not here yet as far as it is known: ``address``, ``out``, ``back``, ``relay``."""
        nothing = "nothing heard of it"
        return {
            "address": addresses.spelled(addresses.of_peer(peer, self._own.party)),
            "out": self._reasons.get((peer.role, "out"), nothing),
            "back": self._reasons.get((peer.role, "back")) or self._refused or nothing,
            "relay": self._reasons.get((peer.role, "relay"), "-"),
        }

    @contextlib.contextmanager
    def until(self, end: float) -> Iterator[None]:
        """Dials and awaits while the block runs, at most until ``end`` (monotonic)."""
        targets: list[tuple[str, Callable[[], None]]] = [("await", lambda: self._await(end))]
        for peer in self._before + self._behind:
            relay = self._spec.relay
            if relay is None or not {self._own.party, peer.party} & set(relay.parties):
                targets.append((f"dial-{peer.role}", lambda peer=peer: self._dial(peer, end)))  # type: ignore[misc]
            if relay is not None:
                targets.append((f"relay-{peer.role}", lambda peer=peer: self._relay(peer, end)))  # type: ignore[misc]
        for name, run in targets:
            threading.Thread(target=run, name=name, daemon=True).start()
        try:
            yield
        finally:
            self._over.set()
            self._attempts.end_all()

    def _decides(self, peer: JobPeer) -> bool:
        return peer in self._before

    def _going(self, end: float, peer: JobPeer | None = None) -> bool:
        if peer is not None and self._attempts.settled(peer.role):
            return False
        return not self._over.is_set() and not self._alarm.tripped.is_set() and time.monotonic() < end

    def _pause(self, seconds: float, end: float, peer: JobPeer) -> bool:
        """Waits; False when there is nothing left to do for ``peer``."""
        until = time.monotonic() + seconds
        while self._going(end, peer) and time.monotonic() < until:
            self._over.wait(min(0.2, max(0.0, until - time.monotonic())))
        return self._going(end, peer)

    def _fail(self, error: FedwardenError) -> None:
        self._alarm.trip({**error.to_dict(), "role": self._own.role, "party": self._own.party})

    def _settle(self, peer: JobPeer, sock: ssl.SSLSocket, attempt: Attempt) -> None:
        """The last word on a connection whose both ends know each other. Raises Closed, OSError, BadFrame."""
        if self._decides(peer):
            if not self._attempts.claim(peer.role):
                hello.say_not_needed(sock)
                raise Closed("another connection serves")
            try:
                hello.say_ready(sock)
            except OSError:
                self._attempts.give_back(peer.role)
                raise
        else:
            hello.hear_ready(sock)
            self._attempts.claim(peer.role)
        attempt.keep()
        self._attempts.end_others(peer.role)
        self._met(peer, sock)

    # this side dials

    def _dial(self, peer: JobPeer, end: float) -> None:
        place = addresses.of_peer(peer, self._own.party)
        if not addresses.worth_dialling(place, self._own, peer):
            self._reasons[peer.role, "out"] = "that address is its own machine's only"
            return
        if not self._decides(peer) and not self._pause(HEAD_START, end, peer):
            return
        self._again(peer, "out", addresses.spelled(place), end, lambda attempt: self._call(peer, place, end, attempt))

    def _call(self, peer: JobPeer, place: addresses.Place, end: float, attempt: Attempt) -> None:
        left = max(0.1, end - time.monotonic())
        raw = socket.create_connection(place, min(CONNECT_SECONDS, left))
        attempt.seen(raw)
        raw.settimeout(min(DIAL_SECONDS, left))
        self._settle(peer, self._introduction.as_client(raw, peer, addresses.spelled(place), attempt.seen), attempt)

    def _again(self, peer: JobPeer, direction: str, address: str, end: float, once: Callable[[Attempt], None]) -> None:
        """Tries ``once`` until the pair is settled. What a peer says that was recognised ends the job at once; somebody
        else at its address ends it only when the other direction has not worked either a little later."""
        doubted = 0.0
        while self._going(end, peer):
            doubt: FedwardenError | None = None
            try:
                with self._attempts.one(peer.role) as attempt:
                    once(attempt)
                return
            except IdentityError as error:
                doubt = error
            except FedwardenError as error:  # the greetings differ
                self._fail(error)
                return
            except hello.Ended as ended:  # said by its agent, under its pinned key
                self._alarm.trip(heard(ended.cause, peer.role, peer.party))
                return
            except ssl.SSLEOFError:
                self._reasons[peer.role, direction] = "connection closed (no worker of that role there yet)"
            except ssl.SSLError as error:
                doubt = handshake_error(error, address)
            except (Closed, BadFrame) as error:
                self._reasons[peer.role, direction] = str(error)
            except TimeoutError:
                self._reasons[peer.role, direction] = "no answer"
            except OSError as error:
                self._reasons[peer.role, direction] = error.strerror or type(error).__name__
            if doubt is not None and self._going(end, peer):
                self._reasons[peer.role, direction] = doubt.code
                self.doubts[peer.role] = doubt
                doubted = doubted or time.monotonic()
                if time.monotonic() > doubted + DOUBT_SECONDS:
                    self._fail(doubt)
                    return
            self._pause(RETRY_SECONDS, end, peer)

    # both sides dial the relay

    def _relay(self, peer: JobPeer, end: float) -> None:
        relay = self._spec.relay
        if relay is None:
            return
        if not {self._own.party, peer.party} & set(relay.parties) and not self._pause(RELAY_AFTER, end, peer):
            return
        place = addresses.of_relay(relay, self._own.party)

        def once(attempt: Attempt) -> None:
            left = max(0.1, end - time.monotonic())
            wanted = relay_client.Wanted(job=self._spec.job_id, role=self._own.role, to=peer.role, party=peer.party)
            raw = relay_client.join(relay, place, self._credentials, wanted, min(DIAL_SECONDS, left), attempt.seen)
            self._over_the_relay(peer, raw, attempt)

        self._again(peer, "relay", addresses.spelled(place), end, once)

    def _over_the_relay(self, peer: JobPeer, raw: socket.socket, attempt: Attempt) -> None:
        raw.settimeout(GREET_SECONDS)
        where = f"relay → {peer.role}"
        if self._decides(peer):
            sock = self._introduction.as_client(raw, peer, where, attempt.seen)
        else:
            found, sock = self._introduction.as_server(raw, where, attempt.seen)
            if found.role != peer.role:
                raise Closed("another role came")
        self.relayed.append(peer.role)
        try:
            self._settle(peer, sock, attempt)
        except BaseException:
            self.relayed.remove(peer.role)
            raise

    # this side is dialled

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
        role = ""
        try:
            with self._attempts.one("") as attempt:
                attempt.seen(raw)
                raw.settimeout(GREET_SECONDS)
                peer, sock = self._introduction.as_server(raw, _address(raw), attempt.seen)
                role = attempt.role = peer.role
                self._settle(peer, sock, attempt)
        except (IdentityError, ssl.SSLError, Closed, BadFrame, OSError) as error:
            if role:
                self._reasons[role, "back"] = _words(error)
            else:
                self._refused = _words(error)
        except FedwardenError as error:
            self._fail(error)
        finally:
            self._greetings.release()


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
