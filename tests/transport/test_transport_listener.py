"""The data port: real hellos reach their worker untouched, everything else is shut out and holds up nobody."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import links
import pytest

from fedwarden.identity.contexts import client_context, server_context
from fedwarden.transport import listener
from fedwarden.transport.handoff import AgentEnd, Message, WorkerEnd, make_pair


@pytest.fixture
def world(tmp_path: Path) -> Iterator[links.World]:
    world = links.World(tmp_path, {"guest": 1, "host1": 2})
    yield world
    world.close()


def dial(world: links.World, data: bytes = b"") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", world.parties[1].port))
    sock.settimeout(8)
    if data:
        sock.sendall(data)
    return sock


def closed(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def greet(world: links.World, end: WorkerEnd) -> bytes:
    """An honest peer's whole handshake with the worker behind ``end``; what the worker hears."""
    home = world.parties[2].home
    heard: list[bytes] = []

    def worker() -> None:
        raw = end.accept(8)
        assert raw is not None
        credentials = (world.parties[1].home / name for name in ("cert.pem", "key.pem", "ca.pem"))
        with server_context(*credentials).wrap_socket(raw, server_side=True) as secure:
            heard.append(secure.recv(5))

    thread = threading.Thread(target=worker)
    thread.start()
    context = client_context(home / "cert.pem", home / "key.pem", home / "ca.pem")
    with context.wrap_socket(dial(world), server_hostname=f"{links.JOB}.guest.fedwarden") as secure:
        secure.sendall(b"hello")
        thread.join(10)
    return heard[0]


def worker_end(world: links.World) -> WorkerEnd:
    end = WorkerEnd(world.parties[1].worker("guest").detach())
    threading.Thread(target=lambda: list(end.messages()), daemon=True).start()
    return end


def test_garbage_plain_text_and_unknown_names_are_shut_out_while_honest_peers_pass(world: links.World) -> None:
    with worker_end(world) as end:
        for data in (
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            bytes(range(256)) * 80,
            b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        ):
            with dial(world, data) as sock:
                assert closed(sock)
        context = client_context(*(world.parties[2].home / name for name in ("cert.pem", "key.pem", "ca.pem")))
        for name in ("other.guest.fedwarden", None):
            with dial(world) as sock, pytest.raises(OSError):
                context.wrap_socket(sock, server_hostname=name)
        assert greet(world, end) == b"hello"


def test_slow_hellos_end_at_their_deadline_and_hold_up_nobody(
    world: links.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HELLO_SECONDS", 0.7)
    slow = [dial(world, b"\x16\x03" if number % 2 else b"") for number in range(20)]
    with worker_end(world) as end:
        begin = time.monotonic()
        assert greet(world, end) == b"hello"
        assert time.monotonic() - begin < 2.5
    assert all(closed(sock) for sock in slow)
    for sock in slow:
        sock.close()


def test_more_than_64_silent_connections_push_the_oldest_out(world: links.World) -> None:
    silent = [dial(world) for _ in range(listener.MAX_PENDING + 30)]
    with worker_end(world) as end:
        assert greet(world, end) == b"hello"
    assert closed(silent[0])
    silent[-1].settimeout(0.2)
    with pytest.raises(TimeoutError):
        silent[-1].recv(1)
    for sock in silent:
        sock.close()


def test_a_connection_waits_for_a_worker_that_is_about_to_start(world: links.World) -> None:
    ends: list[WorkerEnd] = []
    timer = threading.Timer(0.6, lambda: ends.append(worker_end(world)))
    begin = time.monotonic()
    timer.start()
    home = world.parties[2].home
    context = client_context(home / "cert.pem", home / "key.pem", home / "ca.pem")
    raw = dial(world)
    sock = context.wrap_socket(raw, server_hostname=f"{links.JOB}.guest.fedwarden", do_handshake_on_connect=False)
    sock.setblocking(False)
    with pytest.raises(OSError):
        sock.do_handshake()
    timer.join()
    accepted = ends[0].accept(5)
    assert accepted is not None
    assert 0.5 < time.monotonic() - begin < 4
    assert accepted.recv(1, socket.MSG_PEEK) == b"\x16", "the hello must be there, not consumed"
    accepted.close()
    sock.close()
    ends[0].close()


def test_the_agent_and_its_worker_hear_each_other_and_each_others_end() -> None:
    mine, theirs = make_pair()
    agent, worker = AgentEnd(mine), WorkerEnd(theirs.detach())
    agent.send_go()
    agent.send_stop({"code": "FW-JOB-101", "params": {"a": "字" * 40_000}})
    agent.send_stop({"code": "FW-JOB-101", "params": {"a": 1}})
    agent.close()
    heard = list(worker.messages())
    assert heard[0] == Message("G")
    assert heard[1] == Message("S", {"code": "FW-JOB-101", "params": {}})
    assert heard[2] == Message("S", {"code": "FW-JOB-101", "params": {"a": 1}})
    worker.close()
    with pytest.raises(OSError):
        agent.send_go()
