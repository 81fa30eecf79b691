"""How many scores a caller may ask for, as the policy says, and how many were given: numbers only, never of whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from fedwarden.common.api import Role
from fedwarden.common.errors import ModelError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.party.home import Home
from fedwarden.party.models.parts import ModelPart
from fedwarden.party.policy.rules import PolicyBook

_FLUSH_EVERY = 5.0


class RateLimit:
    """A bucket per caller: ``burst`` scores at once, ``per_second`` in the long run, as the policy says now."""

    def __init__(self, policy: PolicyBook, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy, self._clock = policy, clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str, count: int = 1) -> None:
        """Raises ModelError FW-MODEL-006 when ``caller`` has to wait (nothing is taken); StateError FW-STATE-520."""
        rules = self._policy.now().predictions
        with self._lock:
            now = self._clock()
            left, at = self._buckets.get(caller, (float(rules.burst), now))
            left = min(float(rules.burst), left + (now - at) * rules.per_second)
            if left < count:
                self._buckets[caller] = (left, now)
                raise ModelError("FW-MODEL-006", caller=caller, rate=round(rules.per_second, 3))
            self._buckets[caller] = (left - count, now)


class Counters:
    """Scores given per part of a model, kept across restarts (``predictions.json``); a kill loses some seconds."""

    def __init__(self, home: Home) -> None:
        self._path = home.models.parent / "predictions.json"
        self._lock = threading.Lock()
        self._written = 0.0
        self._counts: dict[str, int] = read_struct(self._path, dict[str, int]) if self._path.exists() else {}

    def add(self, model_version: str, role: Role, count: int = 1) -> None:
        self._add(f"{model_version}.{role}", count)

    def ask(self, part: ModelPart, caller: str, count: int) -> None:
        """Counts scores that ``caller`` asked for."""
        self._add(f"{part.model_version}.{part.role}@{caller}", count)

    def asked(self, part: ModelPart, caller: str | None) -> int:
        """Scores of this part that ``caller``, or None: anybody, has asked for."""
        head = f"{part.model_version}.{part.role}@"
        if caller is not None:
            return self._counts.get(head + caller, 0)
        return sum(count for key, count in list(self._counts.items()) if key.startswith(head))

    def _add(self, key: str, count: int) -> None:
        with self._lock:
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


class Gate:
    """What a score has to pass at this party: the caller's rate, then how many may be given in all.

    Scores that were asked for are counted, given or not, beside the others in ``predictions.json``
    (``<version>.<role>@<caller>``).
    """

    def __init__(self, party: int, policy: PolicyBook, counters: Counters) -> None:
        self._party, self._policy, self._counters = party, policy, counters
        self._rate = RateLimit(policy)
        self._lock = threading.Lock()  # looked at and counted in one step: many callers at once are no way past it

    def take(self, part: ModelPart, caller: str, count: int = 1) -> None:
        """Raises ModelError FW-MODEL-006 (too fast), -520 (too many in all); StateError FW-STATE-520."""
        rules = self._policy.now().predictions
        self._rate.take(caller, count)
        with self._lock:
            for rule, allowed, who in (("per_model", rules.per_model, None), ("per_caller", rules.per_caller, caller)):
                if allowed is not None and self._counters.asked(part, who) + count > allowed:
                    raise ModelError("FW-MODEL-520", party=self._party, rule=rule, allowed=allowed)
            self._counters.ask(part, caller, count)
