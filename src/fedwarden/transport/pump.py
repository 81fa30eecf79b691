"""Bytes from one connection into another, as they come: nothing is looked at, nothing kept."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

#: Bytes on their way at most in one direction.
BUFFER = 256 << 10
#: Seconds without a byte after which both connections end. Workers say something every second.
IDLE_SECONDS = 120.0
#: Seconds that the other side may take nothing: a worker that is busy with its table reads nothing meanwhile.
STALL_SECONDS = 3600.0


def pump(source: socket.socket, target: socket.socket, stall: float = STALL_SECONDS) -> int:
    """Until ``source`` ends; then ``target`` is told that nothing more comes. Answers how many bytes went through."""
    buffer = memoryview(bytearray(BUFFER))
    passed = 0
    try:
        while count := source.recv_into(buffer):
            for sent in _pass_on(target, buffer[:count], stall):
                passed += sent
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
    except OSError:  # one of the two is broken or silent: the other end must not wait for it
        for sock in (source, target):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
    return passed


def _pass_on(target: socket.socket, data: memoryview, stall: float) -> Iterator[int]:
    """How many bytes went, each time some did."""
    end = time.monotonic() + stall
    while data:
        try:
            sent = target.send(data)
        except TimeoutError:
            if time.monotonic() > end:
                raise
        else:
            end = time.monotonic() + stall
            data = data[sent:]
            yield sent


def join_ends(first: socket.socket, second: socket.socket, idle: float = IDLE_SECONDS) -> tuple[int, int]:
    """Both directions until both have ended; closes both. Answers the bytes first → second and second → first."""
    for sock in (first, second):
        sock.settimeout(idle)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    back: list[int] = []
    other = threading.Thread(target=lambda: back.append(pump(second, first)), name="relay-back", daemon=True)
    other.start()
    there = pump(first, second)
    other.join()
    first.close()
    second.close()
    return there, back[0] if back else 0
