"""An agent's data port: takes connections, reads the name they ask for without consuming it, and passes them on.

The agent never speaks TLS here and holds no key for it: it hands the untouched connection to the job worker of the role
that the ClientHello names. One thread serves all connections; none of them can hold it up.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal

from fedwarden.transport.sni import MAX_HELLO, NEED_MORE, NOT_TLS, server_name

Hand = Callable[[socket.socket], None]
Route = Callable[[str], Hand | Literal["park"] | None]

#: Seconds a peer may take for its ClientHello, and a connection may wait for a worker that is about to start.
HELLO_SECONDS = 10.0
PARK_SECONDS = 20.0
#: Connections without a finished ClientHello, and parked ones, that are held at most.
MAX_PENDING = 64
#: Seconds between two looks at a connection that is not decided yet.
TICK = 0.05


class _Pending:
    def __init__(self, sock: socket.socket, now: float) -> None:
        self.sock = sock
        self.name: str | None = None  # known once the hello is complete
        self.until = now + HELLO_SECONDS
        self.look_at = now


class DataListener:
    """Serves the listening socket ``sock`` in a thread of its own from ``__enter__`` (or :meth:`start`) on.

    ``route`` gets the server name in lower case and answers who takes the connection: a function that takes the socket
    (it passes a copy of the descriptor; OSError: the worker is gone), ``"park"`` (ask again soon), or None (refuse).
    """

    def __init__(self, sock: socket.socket, route: Route) -> None:
        self._sock = sock
        self._route = route
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = socket.socketpair()
        self._fresh: list[_Pending] = []
        self._parked: list[_Pending] = []
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="data-port", daemon=True)

    def start(self) -> None:
        self._sock.setblocking(False)
        self._selector.register(self._sock, selectors.EVENT_READ)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._thread.start()

    def close(self) -> None:
        """Refuses what is pending and ends the thread; the listening socket is its owner's to close."""
        self._stop = True
        with contextlib.suppress(OSError):
            self._wake_in.send(b"x")
        self._thread.join(5)
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def __enter__(self) -> DataListener:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stop:
            busy = bool(self._fresh or self._parked)
            try:
                ready = {key.fileobj for key, _ in self._selector.select(TICK if busy else 5.0)}
            except OSError:
                break
            if self._sock in ready:
                self._accept()
            now = time.monotonic()
            for one in list(self._fresh):
                if one.sock in ready or one.look_at <= now:
                    self._look(one, now)
            for one in list(self._parked):
                if one.look_at <= now:
                    self._deliver(one, now)
        for one in [*self._fresh, *self._parked]:
            self._drop(one)

    def _accept(self) -> None:
        for _ in range(MAX_PENDING):
            try:
                sock, _address = self._sock.accept()
            except BlockingIOError:
                return
            except OSError:
                time.sleep(TICK)  # out of descriptors: not to spin while it lasts
                return
            sock.setblocking(False)
            if len(self._fresh) >= MAX_PENDING:
                self._drop(self._fresh[0])  # an honest hello comes at once: the oldest is the least likely one
            one = _Pending(sock, time.monotonic())
            self._fresh.append(one)
            self._selector.register(sock, selectors.EVENT_READ)

    def _look(self, one: _Pending, now: float) -> None:
        """Peeks; a connection that has sent a part is looked at again every tick, since it stays readable."""
        try:
            prefix = one.sock.recv(MAX_HELLO + 1, socket.MSG_PEEK)
        except BlockingIOError:
            if now > one.until:
                self._drop(one)
            one.look_at = one.until
            return
        except OSError:
            self._drop(one)
            return
        name = server_name(prefix) if prefix else NOT_TLS
        if name is NOT_TLS or (name is NEED_MORE and now > one.until):
            self._drop(one)
        elif name is NEED_MORE:
            with contextlib.suppress(KeyError):
                self._selector.unregister(one.sock)
            one.look_at = now + TICK
        else:
            one.name = str(name)
            one.until = now + PARK_SECONDS
            self._forget(one)
            self._deliver(one, now)

    def _deliver(self, one: _Pending, now: float) -> None:
        try:
            hand = self._route(one.name or "")
        except Exception:
            hand = None  # a fault in the route costs this connection, not the port
        if hand == "park":
            if one not in self._parked and len(self._parked) < MAX_PENDING:
                self._parked.append(one)
            if one in self._parked and now <= one.until:
                one.look_at = now + 2 * TICK
                return
        elif callable(hand):
            one.sock.setblocking(True)
            with contextlib.suppress(OSError):
                hand(one.sock)
        self._drop(one)

    def _forget(self, one: _Pending) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(one.sock)
        for held in (self._fresh, self._parked):
            if one in held:
                held.remove(one)

    def _drop(self, one: _Pending) -> None:
        self._forget(one)
        one.sock.close()
