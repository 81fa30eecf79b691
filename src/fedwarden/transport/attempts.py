"""The connections that a role is building: which pair has one that serves, and how all others are ended at once."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class Attempt:
    """One connection on its way; ``role`` is the peer it is for, empty while nobody has said who comes."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.kept = False
        self._sock: socket.socket | None = None
        self._ended = False

    def seen(self, sock: socket.socket) -> None:
        """``sock`` stands for the connection from now on (TCP first, then the TLS socket that took it over)."""
        self._sock = sock
        if self._ended:
            self.end()

    def keep(self) -> None:
        """It serves: it is somebody else's to close."""
        self.kept = True

    def end(self) -> None:
        """From any thread: whoever waits on it gets an error."""
        self._ended = True
        sock = self._sock
        if sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()


class Attempts:
    """All attempts of one role. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Attempt] = []
        self._settled: set[str] = set()
        self._over = False

    @contextlib.contextmanager
    def one(self, role: str) -> Iterator[Attempt]:
        """An attempt that is closed at the end of the block unless it was kept."""
        attempt = Attempt(role)
        with self._lock:
            self._running.append(attempt)
            over = self._over
        if over:
            attempt.end()
        try:
            yield attempt
        finally:
            with self._lock:
                self._running.remove(attempt)
            if not attempt.kept:
                attempt.close()

    def settled(self, role: str) -> bool:
        return role in self._settled

    def claim(self, role: str) -> bool:
        """True for the first connection with ``role``."""
        with self._lock:
            if role in self._settled:
                return False
            self._settled.add(role)
            return True

    def give_back(self, role: str) -> None:
        with self._lock:
            self._settled.discard(role)

    def end_others(self, role: str) -> None:
        """Every attempt for ``role`` but the kept one."""
        self._end(lambda attempt: attempt.role == role)

    def end_all(self) -> None:
        with self._lock:
            self._over = True
        self._end(lambda attempt: True)

    def _end(self, chosen: Callable[[Attempt], bool]) -> None:
        with self._lock:
            ended = [attempt for attempt in self._running if chosen(attempt) and not attempt.kept]
        for attempt in ended:
            attempt.end()
