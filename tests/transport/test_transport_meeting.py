"""One open direction is enough, both ends keep the same connection, and what fails is named for both directions."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import links
import numpy as np
import pytest
from msgspec.structs import replace

from fedwarden.common.api import JobPeer, JobSpec
from fedwarden.common.errors import FedwardenError, LinkError
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import server_context
from fedwarden.transport import addresses, meeting
from fedwarden.transport.mesh import Mesh

PAIR = {"guest": 1, "host1": 2}


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def elsewhere(spec: JobSpec, **ports: int) -> JobSpec:
    """The same job, with other data ports for some roles."""
    return replace(spec, roles=[replace(peer, data_port=ports.get(peer.role, peer.data_port)) for peer in spec.roles])


def ends(mesh: Mesh, role: str) -> tuple[object, object]:
    """(own, other) address of the connection that serves."""
    sock = mesh._channels[role]._wire._sock
    return sock.getsockname(), sock.getpeername()


def talks(world: links.World) -> None:
    world.meshes["guest"].send("host1", "there", np.uint8([1]))
    world.meshes["host1"].send("guest", "back", np.uint8([2]))
    assert world.meshes["host1"].recv("guest", "there", 1)[0].tolist() == [1]
    assert world.meshes["guest"].recv("host1", "back", 1)[0].tolist() == [2]


@pytest.mark.parametrize("shut", ["guest", "host1"])
def test_one_open_direction_is_enough_whichever_it_is(tmp_path: Path, closed_port: int, shut: str) -> None:
    world = links.World(tmp_path, PAIR)
    spec = elsewhere(world.spec(), **{shut: closed_port})
    begin = time.monotonic()
    assert world.connect(15, dict.fromkeys(PAIR, spec)) == dict.fromkeys(PAIR)
    assert time.monotonic() - begin < 6
    talks(world)
    world.close()


def test_both_ends_keep_the_same_connection_when_both_dial_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting, "HEAD_START", 0.0)
    for number in range(12):
        world = links.World(tmp_path / str(number), {**PAIR, "arbiter": 0})
        assert set(world.connect().values()) == {None}
        for one, other in (("guest", "host1"), ("guest", "arbiter"), ("host1", "arbiter")):
            assert ends(world.meshes[one], other) == ends(world.meshes[other], one)[::-1]
        talks(world)
        world.close()


def test_the_connections_that_lost_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "HEAD_START", 0.0)
    world = links.World(tmp_path, PAIR)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert set(world.connect().values()) == {None}
    time.sleep(0.5)
    for end in world.ends:
        while (late := end.accept(0.0)) is not None:  # what an agent hands over once all have met
            late.close()
    # two hand-over pairs, and the two ends of the connection that serves
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= 4 + 2
    world.close()


def test_when_neither_direction_is_open_both_are_named(tmp_path: Path, closed_port: int) -> None:
    world = links.World(tmp_path, PAIR)
    spec = elsewhere(world.spec(), guest=closed_port, host1=closed_port)
    begin = time.monotonic()
    found = world.connect(3.0, dict.fromkeys(PAIR, spec))
    assert time.monotonic() - begin < 5
    for error in found.values():
        assert isinstance(error, LinkError) and error.code == "FW-LINK-020"
        assert error.params["address"] == f"127.0.0.1:{closed_port}"
        assert error.params["out"] == "Connection refused"
        assert error.params["back"] == "nothing heard of it"
        assert "Connection refused" in error.message("en")
    world.close()


def test_somebody_else_at_one_address_does_not_spoil_the_other_direction(tmp_path: Path) -> None:
    """Private address ranges overlap: behind a NAT the peer's own address may be a stranger's here."""
    world = links.World(tmp_path, PAIR)
    home = tmp_path / "stranger"
    stranger_ca = CertificateAuthority.create(home / "pki")
    context = server_context(*stranger_ca.issue_regulator())
    context.verify_mode = ssl.CERT_NONE
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                    with context.wrap_socket(sock, server_side=True) as secure:
                        secure.recv(1)
                except (OSError, ValueError):
                    if server.fileno() < 0:
                        return

        threading.Thread(target=answer, daemon=True).start()
        spec = elsewhere(world.spec(), guest=server.getsockname()[1])
        assert world.connect(15, dict.fromkeys(PAIR, spec)) == dict.fromkeys(PAIR)
        talks(world)
        world.close()
        server.shutdown(socket.SHUT_RDWR)


def test_a_party_is_dialled_at_the_address_advertised_to_it(tmp_path: Path, closed_port: int) -> None:
    """Each viewer has its own way to a peer; the job's text is the same at both."""
    world = links.World(tmp_path, PAIR)
    real = world.parties[1].port
    peers = [
        replace(peer, data_port=closed_port, ways={"2": f"localhost:{real}"} if peer.role == "guest" else {})
        for peer in world.spec().roles
    ]
    spec = world.spec(roles=peers)
    assert addresses.of_peer(peers[0], 2) == ("localhost", real)
    assert addresses.of_peer(peers[0], 3) == ("127.0.0.1", closed_port)
    assert world.connect(15, dict.fromkeys(PAIR, spec)) == dict.fromkeys(PAIR)
    world.close()


@pytest.mark.parametrize("text", ["", ":9470", "h:", "h:0", "h:65536", "h:x", "h:९"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        addresses.split(text, 1)


def test_a_loopback_address_is_dialled_on_one_machine_only() -> None:
    def role(name: str, party: int, host: str) -> JobPeer:
        return JobPeer(role=name, party=party, host=host, data_port=1, fingerprint="")

    arbiter = role("arbiter", 0, "127.0.0.1")
    place = addresses.of_peer(arbiter, 1)
    assert not addresses.worth_dialling(place, role("guest", 1, "192.0.2.1"), arbiter)
    assert addresses.worth_dialling(place, role("guest", 1, "127.0.0.1"), arbiter)
    assert addresses.worth_dialling(("192.0.2.7", 1), role("guest", 1, "192.0.2.1"), arbiter)
    assert addresses.worth_dialling(place, role("guest", 0, "192.0.2.1"), arbiter)


def test_greetings_that_differ_end_the_job_at_once_in_either_direction(tmp_path: Path, closed_port: int) -> None:
    world = links.World(tmp_path, PAIR)
    spec = elsewhere(world.spec(), guest=closed_port)  # so that only the guest can dial
    other = replace(spec, options={"alpha": 2})
    begin = time.monotonic()
    found = world.connect(20, {"guest": spec, "host1": other})
    assert time.monotonic() - begin < 8
    assert {error.code for error in found.values() if isinstance(error, FedwardenError)} == {"FW-LINK-022"}
    world.close()
