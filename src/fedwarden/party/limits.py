"""How many scores a caller may ask for, and how many were given: numbers only, never of whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from fedwarden.common.api import Role
from fedwarden.common.errors import ModelError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.party.home import Home

PER_SECOND, BURST = 50.0, 300.0
_FLUSH_EVERY = 5.0


class RateLimit:
    """A bucket per caller: ``BURST`` scores at once, ``PER_SECOND`` in the long run."""

    def __init__(
        self, per_second: float = PER_SECOND, burst: float = BURST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = per_second, burst, clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str, count: int = 1) -> None:
        """Raises ModelError FW-MODEL-006 when ``caller`` has to wait; nothing is taken then."""
        with self._lock:
            now = self._clock()
            left, at = self._buckets.get(caller, (self._burst, now))
            left = min(self._burst, left + (now - at) * self._rate)
            if left < count:
                self._buckets[caller] = (left, now)
                raise ModelError("FW-MODEL-006", caller=caller, rate=round(self._rate))
            self._buckets[caller] = (left - count, now)


class Counters:
    """Scores given per part of a model, kept across restarts (``predictions.json``); a kill loses some seconds."""

    def __init__(self, home: Home) -> None:
        self._path = home.models.parent / "predictions.json"
        self._lock = threading.Lock()
        self._written = 0.0
        self._counts: dict[str, int] = read_struct(self._path, dict[str, int]) if self._path.exists() else {}

    def add(self, model_version: str, role: Role, count: int = 1) -> None:
        with self._lock:
            key = f"{model_version}.{role}"
            self._counts[key] = self._counts.get(key, 0) + count
            if time.monotonic() - self._written > _FLUSH_EVERY:
                self._flush()

    def get(self, model_version: str, role: Role) -> int:
        return self._counts.get(f"{model_version}.{role}", 0)

    def close(self) -> None:
        with self._lock:
            if self._counts:
                self._flush()

    def _flush(self) -> None:
        write_struct(self._path, self._counts)
        self._written = time.monotonic()
