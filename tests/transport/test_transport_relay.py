"""The relay joins exactly the two that want each other and may, sees TLS records only, and cannot pose as a peer."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import links
import numpy as np
import pytest
from msgspec.structs import replace
from pki import party_home, pin

from fedwarden.common.api import JobSpec, RelayPlace
from fedwarden.common.errors import FedwardenError, IdentityError, LinkError
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import Credentials, Peer, client_context, server_context
from fedwarden.transport import meeting, pump, relay
from fedwarden.transport.relay_client import Refused, Wanted, join
from fedwarden.transport.wire import Closed

PAIR = {"guest": 1, "host1": 2}
SECRET = b"MARK-OF-A-ROW-" * 40


class RelayWorld(links.World):
    """A world whose parties cannot dial each other, and a relay in this process."""

    def __init__(self, folder: Path, always: tuple[int, ...] = (1, 2)) -> None:
        super().__init__(folder, PAIR)
        self.closed = socket.socket()
        self.closed.bind(("127.0.0.1", 0))
        self.own = party_home(self.ca, folder / "relay", 0)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.why: Callable[[Peer, Wanted], str] = lambda peer, wanted: ""
        made = relay.Relay(self.own, self._allowed, self._told)
        self.always = always
        threading.Thread(target=made.serve, args=(self.server,), daemon=True).start()

    def _allowed(self, peer: Peer, wanted: Wanted) -> str:
        return self.why(peer, wanted)

    def _told(self, event: str, **facts: Any) -> None:
        self.events.append((event, facts))

    @property
    def place(self) -> RelayPlace:
        port = self.server.getsockname()[1]
        return RelayPlace(party=0, host="127.0.0.1", port=port, fingerprint=pin(self.own), parties=list(self.always))

    def spec(self, **changes: Any) -> JobSpec:
        spec = super().spec(relay=self.place, **changes)
        port = self.closed.getsockname()[1]
        return replace(spec, roles=[replace(peer, data_port=port) for peer in spec.roles])

    def ask(self, credentials: Credentials, seconds: float = 5.0, **wanted: Any) -> socket.socket:
        place = ("127.0.0.1", self.place.port)
        return join(self.place, place, credentials, Wanted(**wanted), seconds, lambda sock: None)

    def of(self, party: int) -> Credentials:
        home = self.parties[party].home
        return Credentials(home / "cert.pem", home / "key.pem", home / "ca.pem")

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.closed.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RelayWorld]:
    world = RelayWorld(tmp_path)
    yield world
    world.close()


def records(data: bytes) -> list[int]:
    """The content types of the TLS records that ``data`` consists of, whole from the first to the last byte."""
    out, at = [], 0
    while at < len(data):
        assert data[at + 1] == 3 and data[at + 2] in (1, 3), "no TLS record"
        out.append(data[at])
        at += 5 + int.from_bytes(data[at + 3 : at + 5], "big")
    assert at == len(data)
    return out


def test_two_that_cannot_dial_each_other_meet_and_the_relay_sees_tls_records_only(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[int, bytearray] = {}

    def recording(source: socket.socket, target: socket.socket) -> int:
        heard = seen.setdefault(id(source), bytearray())
        passed = 0
        while data := source.recv(1 << 16):
            heard.extend(data)
            target.sendall(data)
            passed += len(data)
        target.shutdown(socket.SHUT_WR)
        return passed

    monkeypatch.setattr(pump, "pump", recording)
    assert world.connect() == dict.fromkeys(PAIR)
    assert world.meshes["guest"].relayed == ["host1"] and world.meshes["host1"].relayed == ["guest"]
    world.meshes["guest"].send("host1", "there", np.frombuffer(SECRET, np.uint8))
    assert world.meshes["host1"].recv("guest", "there", 4096)[0].tobytes() == SECRET
    world.meshes["host1"].send("guest", "back", np.frombuffer(SECRET, np.uint8))
    assert world.meshes["guest"].recv("host1", "back", 4096)[0].tobytes() == SECRET
    threads = [threading.Thread(target=mesh.close) for mesh in world.meshes.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.3)
    assert len(seen) == 2
    for heard in seen.values():
        kinds = records(bytes(heard))
        # 22: the one hello of a handshake that is open; 20: a relic that says nothing; 23: encrypted
        assert kinds.count(22) == 1 and set(kinds) <= {20, 22, 23}, kinds
        assert SECRET[:14] not in heard and len(heard) > len(SECRET)
    ended = next(facts for event, facts in world.events if event == "ended")
    assert ended["sent"] > 0 and ended["received"] > 0, "sizes are what it sees"


def test_a_relay_that_poses_as_the_peer_is_refused_by_the_pin(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It even has a certificate of the regulator's authority for the party it poses as."""
    forged = party_home(world.ca, world.folder / "forged", 1)

    def in_the_middle(first: socket.socket, second: socket.socket, idle: float = 0) -> tuple[int, int]:
        for sock in (first, second):
            sock.settimeout(5)
            try:
                with server_context(*forged).wrap_socket(sock, server_side=True) as secure:
                    secure.recv(10)
            except (OSError, ValueError):
                sock.close()
        return 0, 0

    monkeypatch.setattr(relay, "join_ends", in_the_middle)
    found = world.connect(12)
    assert isinstance(found["host1"], IdentityError) and found["host1"].code == "FW-ID-012"
    assert isinstance(found["guest"], FedwardenError)
    assert not world.meshes["guest"]._channels and not world.meshes["host1"]._channels


def test_the_relay_itself_must_show_the_arbiters_key(world: RelayWorld) -> None:
    wrong = replace(world.place, fingerprint="0" * 64)
    with pytest.raises(IdentityError) as caught:
        join(wrong, ("127.0.0.1", wrong.port), world.of(1), Wanted(party=2), 5, lambda sock: None)
    assert caught.value.code == "FW-ID-012"


def test_strangers_are_refused_before_they_say_anything(world: RelayWorld) -> None:
    foreign = party_home(CertificateAuthority.create(world.folder / "foreign"), world.folder / "f", 1)
    mine = Credentials(foreign.cert, foreign.key, world.own.ca)
    with pytest.raises((ssl.SSLError, OSError)):
        world.ask(mine, party=2, job=links.JOB, role="guest", to="host1")
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
    for words in (b"GET / HTTP/1.0\r\n\r\n", None):
        with socket.create_connection(("127.0.0.1", world.place.port), 5) as raw, contextlib.suppress(OSError):
            if words is not None:
                raw.sendall(words)
                assert raw.recv(100)[:1] in (b"", b"\x15"), "nothing but a TLS alert"
                continue
            with bare.wrap_socket(raw) as sock:  # no certificate at all
                sock.sendall(b"x")
                assert not sock.recv(1)
    assert not [event for event, _ in world.events if event == "joined"]


def test_who_may_not_is_told_why_and_joined_with_nobody(world: RelayWorld) -> None:
    world.why = lambda peer, wanted: "no such job yet" if peer.identity.party == 1 else ""
    with pytest.raises(Refused, match="no such job yet"):
        world.ask(world.of(1), party=2, job=links.JOB, role="guest", to="host1")


def test_only_two_that_want_each_other_are_joined(world: RelayWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "WAIT_SECONDS", 1.0)
    answers: list[str] = []

    def ask(me: int, **wanted: Any) -> None:
        try:
            world.ask(world.of(me), **wanted).close()
            answers.append("joined")
        except Closed as closed:
            answers.append(str(closed))

    asked: list[tuple[int, dict[str, Any]]] = [
        (1, {"party": 2, "job": "a", "role": "guest", "to": "host1"}),
        (2, {"party": 1, "job": "b", "role": "host1", "to": "guest"}),
        (2, {"party": 1, "job": "a", "role": "host2", "to": "guest"}),
        (2, {"party": 3, "job": "a", "role": "host1", "to": "guest"}),
        (1, {"party": 2, "kind": "call"}),
    ]
    threads = [threading.Thread(target=ask, args=(me,), kwargs=wanted) for me, wanted in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers == ["the other side has not come to the relay"] * 5


def test_one_party_cannot_take_all_connections(world: RelayWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MAX_OF_PARTY", 2)
    monkeypatch.setattr(relay, "WAIT_SECONDS", 3.0)
    refused: list[str] = []
    world.why = lambda peer, wanted: "no"
    for _ in range(3):  # what was refused was never counted: it makes no room
        with pytest.raises(Refused):
            world.ask(world.of(1), party=2, job="0", role="guest", to="host1")
    world.why = lambda peer, wanted: ""

    def ask(number: int) -> None:
        try:
            world.ask(world.of(1), party=2, job=str(number), role="guest", to="host1")
        except Closed as closed:
            refused.append(str(closed))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.3)
    for thread in threads:
        thread.join(10)
    assert len([why for why in refused if "too many" in why]) == 1, refused
    offer = threading.Thread(target=lambda: world.ask(world.of(1), party=1, kind="offer").close())
    offer.start()
    time.sleep(0.5)
    world.ask(world.of(2), party=1, kind="call").close()  # the slots are free again, and an offer is taken by a call
    offer.join(5)
    assert not offer.is_alive()


def test_who_has_not_shown_a_certificate_holds_few_places_and_not_for_long(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "MAX_STRANGERS", 2)
    monkeypatch.setattr(relay, "GREET_SECONDS", 1.5)
    place = ("127.0.0.1", world.place.port)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(place, 5)) for _ in range(2)]
        time.sleep(0.3)
        third = stack.enter_context(socket.create_connection(place, 5))
        with contextlib.suppress(ConnectionResetError):
            assert third.recv(1) == b""
        for sock in silent:  # their time is over
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(100) == b""
        dripping = client_context(*world.of(1)).wrap_socket(stack.enter_context(socket.create_connection(place, 5)))
        stack.enter_context(dripping).sendall((60_000).to_bytes(4))
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < begun + 8:  # one byte of a long frame well within the timeout, again and again
                dripping.sendall(b"a")
                time.sleep(0.2)
        assert time.monotonic() < begun + 8
    with pytest.raises(Closed):
        world.ask(world.of(1), party=2, kind="call")


def test_a_relay_that_was_not_asked_for_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "RELAY_AFTER", 2.0)
    world = RelayWorld(tmp_path, always=())
    begin = time.monotonic()
    assert world.connect() == dict.fromkeys(PAIR)
    assert time.monotonic() - begin >= 2, "both directions had their time"
    assert world.meshes["guest"].relayed == ["host1"]
    world.close()


def test_without_the_relay_all_three_ways_are_named(world: RelayWorld) -> None:
    world.server.shutdown(socket.SHUT_RDWR)
    found = world.connect(3)
    for error in found.values():
        assert isinstance(error, LinkError) and error.code == "FW-LINK-480", error
        assert error.params["relay"] != "-"


def test_the_end_of_one_side_is_the_end_of_the_other(world: RelayWorld) -> None:
    out: list[socket.socket] = []

    def ask(me: int, **wanted: Any) -> None:
        out.append(world.ask(world.of(me), **wanted))

    ends = [
        threading.Thread(target=ask, args=(1,), kwargs={"party": 2, "job": "a", "role": "guest", "to": "host1"}),
        threading.Thread(target=ask, args=(2,), kwargs={"party": 1, "job": "a", "role": "host1", "to": "guest"}),
    ]
    for thread in ends:
        thread.start()
    for thread in ends:
        thread.join(10)
    out[0].sendall(b"x")
    assert out[1].recv(10) == b"x"
    out[0].close()
    out[1].settimeout(5)
    assert out[1].recv(10) == b""
    out[1].close()


def test_a_side_that_takes_nothing_for_longer_than_an_idle_one_may_be_silent_loses_nothing() -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    thread = threading.Thread(target=pump.join_ends, args=(pairs[0][1], pairs[1][1], 0.3))
    thread.start()
    data = bytes(range(256)) * (1 << 15)
    near, far = pairs[0][0], pairs[1][0]
    sender = threading.Thread(target=near.sendall, args=(data,))
    sender.start()
    over = threading.Event()

    def sign_of_life() -> None:
        while not over.wait(0.1):
            far.sendall(b".")

    alive = threading.Thread(target=sign_of_life)
    alive.start()
    time.sleep(1.5)
    got = bytearray()
    while len(got) < len(data) and (part := far.recv(1 << 16)):
        got += part
    over.set()
    for end in (alive, sender):
        end.join(5)
    assert bytes(got) == data
    near.close()
    far.close()
    thread.join(5)
    assert not thread.is_alive()


def test_a_side_that_never_takes_anything_is_given_up() -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    for pair in pairs:
        pair[1].settimeout(0.1)
    sender = threading.Thread(target=_until_refused, args=(pairs[0][0],))
    sender.start()
    assert select.select([pairs[0][1]], [], [], 20)[0], "the sender has begun"
    assert pump.pump(pairs[0][1], pairs[1][1], stall=0.5) > 0
    sender.join(5)
    assert not sender.is_alive(), "both ends are told"
    for end in (*pairs[0], *pairs[1]):
        end.close()


def _until_refused(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            sock.sendall(bytes(1 << 16))
