"""Bytes over one TLS connection, read by one thread and written by another.

OpenSSL's connection object must not be used by two threads at once. The socket is therefore non-blocking: a lock is
held only while OpenSSL works on what is there, and waiting happens outside of it.
"""

from __future__ import annotations

import contextlib
import functools
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

#: Socket buffers in bytes: large enough for a few of the records' bursts, small against a receive queue.
SOCKET_BUFFER = 4 << 20
#: Bytes encrypted under one hold of the lock.
SLICE = 256 << 10
#: Bytes read ahead while looking for a frame's header.
STAGE = 32 << 10
_POLL_MS = 250
_TCP_RTO_MAX_MS = 44


class Closed(Exception):
    """The other side is gone; the text says how in a word."""


class Wire:
    """``idle`` is called about four times a second while a read finds nothing; it may raise to end the reading."""

    def __init__(self, sock: ssl.SSLSocket, idle: Callable[[float], None]) -> None:
        self._sock = sock
        self._idle = idle
        self._lock = threading.Lock()
        self._stage = memoryview(bytearray(STAGE))
        self._begin = self._end = 0  # what of the stage is not used yet
        self.last_heard = self.last_sent = time.monotonic()
        self.sent = self.received = 0
        self.stage_size = STAGE
        self._dead = False
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in _large_buffers():
            sock.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER)
        sock.setblocking(False)
        self._readable, self._writable, self._gone = select.poll(), select.poll(), select.poll()
        self._readable.register(sock, select.POLLIN)
        self._writable.register(sock, select.POLLOUT)
        self._gone.register(sock, select.POLLRDHUP)

    # reading: one thread

    def take(self, count: int) -> memoryview:
        """The next ``count`` ≤ STAGE bytes; valid until the next call. Raises Closed, or what ``idle`` raises."""
        while self._end - self._begin < count:
            if self._begin + count > STAGE or self._begin == self._end:
                rest = bytes(self._stage[self._begin : self._end])
                self._stage[: len(rest)] = rest
                self._begin, self._end = 0, len(rest)
            self._end += self._read(self._stage[self._end :])
        self._begin += count
        return self._stage[self._begin - count : self._begin]

    def take_into(self, target: memoryview) -> None:
        """Fills ``target``, straight from the connection as soon as the stage is used up."""
        done = min(len(target), self._end - self._begin)
        if done:
            target[:done] = self._stage[self._begin : self._begin + done]
            self._begin += done
        while done < len(target):
            done += self._read(target[done:])

    def _read(self, target: memoryview) -> int:
        while True:
            waiting = self._readable
            try:
                with self._lock:
                    count = self._sock.recv_into(target)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLWantWriteError:
                waiting = self._writable
            except ConnectionResetError:
                raise Closed("reset") from None
            except ssl.SSLError as error:
                raise Closed(error.reason or type(error).__name__) from None
            except OSError as error:
                raise Closed(error.strerror or type(error).__name__) from None
            else:
                if count == 0:
                    raise Closed("closed")
                self.last_heard = time.monotonic()
                self.received += count
                return count
            # the second look: a stall of this whole process is no silence of the peer, whose words have come meanwhile
            if not waiting.poll(_POLL_MS) and not waiting.poll(0):
                self._idle(time.monotonic() - self.last_heard)

    def peer_shut(self) -> bool:
        """True when nothing more will come than what the kernel holds already."""
        return bool(self._gone.poll(0))

    # writing: one thread at a time (the channel sees to it)

    def write(self, buffers: list[memoryview], *, wait: bool) -> bool:
        """Sends and removes what it can from ``buffers``; True when all is sent.

        With ``wait`` it goes on until then; otherwise it stops (False) as soon as the connection takes no more, and the
        next call must go on with the same buffers. Raises Closed.
        """
        while buffers:
            view = buffers[0][:SLICE]
            waiting = self._writable
            try:
                if self._dead:
                    raise Closed("closed here")
                with self._lock:
                    count = self._sock.send(view)
            except ssl.SSLWantWriteError:
                pass
            except ssl.SSLWantReadError:
                waiting = self._readable
            except ssl.SSLError as error:
                raise Closed(error.reason or type(error).__name__) from None
            except OSError as error:
                raise Closed(error.strerror or type(error).__name__) from None
            else:
                self.sent += count
                self.last_sent = time.monotonic()
                if count == len(buffers[0]):
                    buffers.pop(0)
                else:
                    buffers[0] = buffers[0][count:]
                continue
            if not wait:
                return False
            waiting.poll(_POLL_MS)
        return True

    def finish_writing(self) -> None:
        """Nothing more will be sent; what was sent still arrives."""
        # not SSLSocket.shutdown: that would take the TLS layer away and let a later send go out in plain text
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_WR)

    def kill(self) -> None:
        """Ends reading and writing at once; whoever is inside gets Closed."""
        self._dead = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Only when no other thread uses it any more."""
        self._sock.close()


def outlast(sock: socket.socket, seconds: float) -> None:
    """TCP keeps trying for ``seconds``, at most a second apart where the system can: through a gap in the network, and
    where the other side takes nothing (Linux counts both, though a full receiver answers)."""
    with contextlib.suppress(OSError):  # Linux 6.15
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, 1000)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * seconds))


@functools.cache
def _large_buffers() -> list[int]:
    """Which buffers can really be made large: where the system allows less, its own tuning does better than the cap."""
    out: list[int] = []
    for option, name in ((socket.SO_SNDBUF, "wmem_max"), (socket.SO_RCVBUF, "rmem_max")):
        with contextlib.suppress(OSError, ValueError):
            if int(Path("/proc/sys/net/core", name).read_text()) >= SOCKET_BUFFER:
                out.append(option)
    return out
