"""The first failure of a job at this role, told at once to everything that waits on any channel."""

from __future__ import annotations

import threading
from typing import Any

from fedwarden.common.errors import FedwardenError


class Alarm:
    """Shared by all channels of one mesh. Trips once; later failures are consequences and are ignored.

    A cause is ``{"code", "params", "role", "party"}``: what failed, and which role of which party reported it first.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal's handler may trip it on top of its own thread
        self._watchers: list[threading.Condition] = []
        self._cause: dict[str, Any] | None = None
        self.tripped = threading.Event()

    @property
    def cause(self) -> dict[str, Any] | None:
        return self._cause

    def watch(self, condition: threading.Condition) -> None:
        """``condition`` is notified when the alarm trips."""
        with self._lock:
            self._watchers.append(condition)

    def trip(self, cause: dict[str, Any]) -> bool:
        """True for the first cause, False when there was one before."""
        with self._lock:
            if self._cause is not None:
                return False
            self._cause = dict(cause)
            watchers = list(self._watchers)
        self.tripped.set()
        for condition in watchers:
            with condition:
                condition.notify_all()
        return True

    def check(self) -> None:
        """Raises the first cause as the error it is, if there is one."""
        if self._cause is not None:
            raise FedwardenError.from_dict(self._cause)
