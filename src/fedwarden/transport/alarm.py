"""The first failure of a job at this role, told at once to everything that waits on any channel."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from fedwarden.common.errors import FedwardenError


def heard(cause: dict[str, Any], role: str, party: int) -> dict[str, Any]:
    """What a peer (``role`` of ``party``) says failed, taken as data: a code, its parameters, and who reported it."""
    known: dict[str, Any] = {"code": "FW-LINK-010", "params": {"role": role, "party": party, "why": "?"}}
    with contextlib.suppress(Exception):
        if isinstance(cause["code"], str) and isinstance(cause["params"], dict):
            known = {"code": cause["code"][:40], "params": {str(k): v for k, v in cause["params"].items()}}
    who, whose = cause.get("role"), cause.get("party")
    known["role"] = who[:20] if isinstance(who, str) else role
    known["party"] = whose if isinstance(whose, int) else party
    return known


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
