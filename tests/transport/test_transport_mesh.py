"""Meshes over real TLS: who gets in, who is refused and how it is called, and what a loss looks like to the others."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import links
import msgspec
import numpy as np
import pytest
from pki import party_home

from fedwarden.common.errors import DataError, FedwardenError, LinkError
from fedwarden.common.files import write_struct
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import client_context
from fedwarden.identity.keys import fingerprint_of_pem
from fedwarden.transport import hello

THREE = {"guest": 1, "host1": 2, "arbiter": 0}


def codes(found: dict[str, Exception | None]) -> dict[str, str | None]:
    return {role: getattr(error, "code", repr(error)) if error else None for role, error in found.items()}


def within(seconds: float, call: object, *words: object) -> FedwardenError:
    begin = time.monotonic()
    with pytest.raises(FedwardenError) as caught:
        call(*words)  # type: ignore[operator]
    assert time.monotonic() - begin < seconds
    return caught.value


def test_every_pair_of_roles_talks_and_an_orderly_end_is_no_failure(tmp_path: Path) -> None:
    world = links.World(tmp_path, {"guest": 1, "host1": 2, "host2": 3, "arbiter": 0})
    assert set(codes(world.connect()).values()) == {None}
    for here in world.roles:
        for there in world.roles:
            if here != there:
                world.meshes[here].send(there, f"{here}-{there}", np.uint64([7]))
    for here in world.roles:
        for there in world.roles:
            if here != there:
                assert world.meshes[there].recv(here, f"{here}-{there}", 8)[0].tolist() == [7]
    assert all(sent > 8 and got > 8 for sent, got in world.meshes["guest"].counters().values())
    threads = [threading.Thread(target=mesh.barrier, args=("done", 5)) for mesh in world.meshes.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.close()
    assert [mesh.first_cause() for mesh in world.meshes.values()] == [None] * 4


def test_one_party_may_play_several_roles(tmp_path: Path) -> None:
    world = links.World(tmp_path, {"guest": 1, "host1": 1, "arbiter": 1})
    assert set(codes(world.connect()).values()) == {None}
    world.meshes["arbiter"].send("host1", "x", np.uint8([1]))
    assert world.meshes["host1"].recv("arbiter", "x", 1)[0].tolist() == [1]
    world.close()


def test_the_first_cause_reaches_whoever_waits_on_any_channel(tmp_path: Path) -> None:
    world = links.World(tmp_path, THREE)
    world.connect()
    cause = {"code": "FW-DATA-001", "params": {"path": "x"}, "role": "host1", "party": 2}
    threading.Timer(0.3, world.meshes["host1"].abort, [cause]).start()
    other: list[FedwardenError] = []
    thread = threading.Thread(target=lambda: other.append(within(3, world.meshes["arbiter"].recv, "guest", "x", 0)))
    thread.start()
    assert isinstance(within(2, world.meshes["guest"].recv, "arbiter", "x", 0), DataError)
    thread.join()
    assert isinstance(other[0], DataError)
    assert world.meshes["guest"].first_cause() == world.meshes["arbiter"].first_cause() == cause
    assert isinstance(within(0.5, world.meshes["guest"].send, "arbiter", "x"), DataError)
    assert isinstance(within(0.5, world.meshes["guest"].check), DataError)
    world.close()


@pytest.mark.parametrize("victim", ["guest", "host1"])
@pytest.mark.parametrize("kind", ["pin", "ca", "expired", "party"])
def test_a_wrong_certificate_is_refused_on_either_side(tmp_path: Path, kind: str, victim: str) -> None:
    world = links.World(tmp_path, {"guest": 1, "host1": 2})
    number = world.roles[victim]
    home = world.parties[number].home
    if kind == "ca":
        ca_pem = (home / "ca.pem").read_bytes()
        party_home(CertificateAuthority.create(tmp_path / "foreign"), home, number)
        (home / "ca.pem").write_bytes(ca_pem)
    else:
        party_home(world.ca, home, 9 if kind == "party" else number, -1 if kind == "expired" else 825)
        if kind in ("expired", "party"):  # the pin fits: it must fail for its own reason
            world.pins[number] = fingerprint_of_pem((home / "cert.pem").read_bytes())
    found = world.connect(2.5)
    assert all(isinstance(error, FedwardenError) for error in found.values()), found
    shown = codes(found)
    expected = {"pin": "FW-ID-012", "ca": "FW-ID-010", "expired": "FW-ID-010", "party": "FW-ID-011"}[kind]
    honest = "host1" if victim == "guest" else "guest"
    assert shown[honest] == expected, "both dial, so the honest side sees the certificate itself"
    if kind in ("pin", "party"):
        assert shown[victim] == expected, "the one who is refused is told why"
    else:  # a handshake that fails tells no more than TLS does
        assert shown[victim] in ("FW-ID-013", "FW-LINK-020")
    world.close()


def test_strangers_at_the_worker_do_not_stop_the_honest_peer(tmp_path: Path) -> None:
    world = links.World(tmp_path, {"guest": 1, "host1": 2})
    mesh = world.mesh("guest")
    errors: list[Exception] = []

    def connect() -> None:
        try:
            mesh.connect(20)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    name = f"{links.JOB}.guest.fedwarden"
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode, old.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
    other = client_context(*party_home(world.ca, tmp_path / "stranger", 5))
    foreign_home = party_home(CertificateAuthority.create(tmp_path / "foreign"), tmp_path / "f", 2)
    foreign = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    foreign.check_hostname, foreign.verify_mode = False, ssl.CERT_NONE
    foreign.load_cert_chain(foreign_home.cert, foreign_home.key)
    for context in (old, bare, other, foreign):
        with socket.create_connection(("127.0.0.1", world.parties[1].port), 5) as raw:
            raw.settimeout(5)
            with pytest.raises((OSError, AssertionError)):  # noqa: SIM117
                with context.wrap_socket(raw, server_hostname=name) as sock:
                    answer = sock.recv(4096)
                    assert hello.frames.decode_header(answer[4:]).kind != hello.frames.ABORT
                    assert answer, "closed"
    assert thread.is_alive(), errors
    world.mesh("host1").connect(10)
    thread.join(10)
    assert not errors
    world.close()


def test_another_text_program_or_role_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = links.World(tmp_path / "text", {"guest": 1, "host1": 2})
    other = world.spec(options={"alpha": 2})
    assert set(codes(world.connect(5, {"host1": other})).values()) == {"FW-LINK-022"}
    world.close()
    world = links.World(tmp_path / "same", {"guest": 1, "host1": 2})
    own = world.spec(role_datasets={"host1": "d1"})
    assert set(codes(world.connect(5, {"host1": own})).values()) == {None}, "others' dataset ids may differ"
    world.close()
    world = links.World(tmp_path / "program", {"guest": 1, "host1": 2})
    real = hello.own_hello

    def aged(spec: object, role: str, to: str) -> hello.Hello:
        mine = real(spec, role, to)  # type: ignore[arg-type]
        return msgspec.structs.replace(mine, version="0.0.1") if role == "host1" else mine

    monkeypatch.setattr(hello, "own_hello", aged)
    found = world.connect(5)
    assert set(codes(found).values()) == {"FW-LINK-021"}
    assert "0.0.1" in str(found["guest"])
    world.close()


def test_who_is_missing_is_named_at_the_deadline(tmp_path: Path) -> None:
    world = links.World(tmp_path, THREE)
    error = within(4, world.mesh("host1").connect, 1.0)
    assert isinstance(error, LinkError) and error.code == "FW-LINK-020"
    assert error.params["missing"] == ["guest", "arbiter"]
    world.close()


def test_a_stop_while_connecting_ends_the_wait_at_once(tmp_path: Path) -> None:
    world = links.World(tmp_path, THREE)
    mesh = world.mesh("host1")
    threading.Timer(0.3, mesh.abort, [{"code": "FW-JOB-101", "params": {}}]).start()
    assert within(2, mesh.connect, 20).code == "FW-JOB-101"
    world.close()


def child(world: links.World, role: str) -> subprocess.Popen[str]:
    party = world.parties[world.roles[role]]
    spec = party.home / "spec.json"
    write_struct(spec, world.spec())
    with party.worker(role) as end:
        words = [sys.executable, str(Path(__file__).with_name("mesh_child.py")), str(party.home), str(spec), role]
        return subprocess.Popen([*words, str(end.fileno())], pass_fds=[end.fileno()], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("number", "code", "seconds"), [(signal.SIGKILL, "FW-LINK-010", 2), (signal.SIGSTOP, "FW-LINK-011", 6)]
)
def test_a_lost_process_is_noticed_by_all_and_named(
    tmp_path: Path, number: signal.Signals, code: str, seconds: float
) -> None:
    world = links.World(tmp_path, THREE, link_timeout=1.0)
    lost, bystander = child(world, "host1"), child(world, "arbiter")
    try:
        world.mesh("guest").connect(20)
        for process in (lost, bystander):
            assert process.stdout is not None
            assert process.stdout.readline().split() == ["connected", "False"], "no numerical library is loaded yet"
        lost.send_signal(number)
        error = within(seconds, world.meshes["guest"].recv, "arbiter", "x", 0)
        assert (error.code, error.params["role"], error.params["party"]) == (code, "host1", 2)
        world.meshes["guest"].abort(world.meshes["guest"].first_cause() or {})
        assert bystander.stdout is not None
        told = json.loads(bystander.stdout.readline())
        assert (told["code"], told["params"]["role"]) == (code, "host1")
    finally:
        for process in (lost, bystander):
            process.kill()
            process.wait(5)
            if process.stdout is not None:
                process.stdout.close()
        world.close()
