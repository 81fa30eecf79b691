"""What an agent and its job worker say to each other over one Unix socket pair (SOCK_SEQPACKET: whole messages).

======  ==================================================================
``G``   agent → worker: your party's turn
``S``   agent → worker: stop; JSON of the cause follows
``C``   agent → worker: one descriptor comes along, a TCP connection whose ClientHello asked for this role
EOF     the other end is gone
======  ==================================================================
"""

from __future__ import annotations

import contextlib
import queue
import select
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Literal, NamedTuple

import msgspec

MAX_MESSAGE = 60_000
#: Seconds an agent waits for a worker that does not read its end.
SEND_SECONDS = 2.0
#: Connections handed over and not yet taken; more than that are closed.
MAX_CONNECTIONS = 64


class Message(NamedTuple):
    """``G`` or ``S``; connections are taken with :meth:`WorkerEnd.accept`."""

    kind: Literal["G", "S"]
    cause: dict[str, Any] | None = None


def make_pair() -> tuple[socket.socket, socket.socket]:
    """(the agent's end, the worker's end); the latter is to be inherited by the worker's process."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class AgentEnd:
    """The agent's side. The sends raise OSError when the worker is gone or does not read; all are thread-safe."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sock.settimeout(SEND_SECONDS)

    def send_go(self) -> None:
        self._sock.send(b"G")

    def send_stop(self, cause: dict[str, Any]) -> None:
        text = msgspec.json.encode(cause)
        if len(text) >= MAX_MESSAGE:  # a cause is a code and a few names
            text = msgspec.json.encode({"code": str(cause.get("code", ""))[:40], "params": {}})
        self._sock.send(b"S" + text)

    def send_connection(self, connection: socket.socket) -> None:
        """Passes a copy of the descriptor; the caller closes its own."""
        socket.send_fds(self._sock, [b"C"], [connection.fileno()])

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()


class WorkerEnd:
    """The worker's side: one thread reads :meth:`messages`, another takes connections with :meth:`accept`."""

    def __init__(self, fd: int) -> None:
        self._sock = socket.socket(fileno=fd)
        self._sock.set_inheritable(False)
        self._sock.setblocking(False)
        self._connections: queue.Queue[socket.socket] = queue.Queue(MAX_CONNECTIONS)
        self._closed = False

    def messages(self) -> Iterator[Message]:
        """What the agent says, until it is gone (end of the iteration) or :meth:`close` is called."""
        while not self._closed:
            try:
                if not select.select([self._sock], [], [], 0.5)[0]:
                    continue
                data, descriptors = _receive(self._sock)
            except BlockingIOError:
                continue
            except (OSError, ValueError):
                return
            if not data:
                return
            kind = data[:1]
            if kind == b"C":
                self._take(descriptors)
                continue
            for descriptor in descriptors:
                socket.close(descriptor)
            if kind == b"G":
                yield Message("G")
            elif kind == b"S":
                yield Message("S", _cause(data[1:]))

    def accept(self, seconds: float) -> socket.socket | None:
        """The next connection handed over, or None after ``seconds``. Needs somebody to read :meth:`messages`."""
        try:
            return self._connections.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None

    def _take(self, descriptors: list[int]) -> None:
        for descriptor in descriptors:
            connection = socket.socket(fileno=descriptor)
            try:
                self._connections.put_nowait(connection)
            except queue.Full:
                connection.close()

    def close(self) -> None:
        self._closed = True
        self._sock.close()
        while True:
            try:
                self._connections.get_nowait().close()
            except queue.Empty:
                return

    def __enter__(self) -> WorkerEnd:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _receive(sock: socket.socket) -> tuple[bytes, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(sock, MAX_MESSAGE, 4, socket.MSG_CMSG_CLOEXEC)
    return data, descriptors


def _cause(text: bytes) -> dict[str, Any] | None:
    try:
        cause = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return None
    return cause if isinstance(cause, dict) else None
