"""A role's record of a job, kept in one file that only its worker writes (and its agent, once the worker is gone)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fedwarden.common.api import JobSpec, LinkBytes, Notice, Phase, Role, RoleStatus
from fedwarden.common.errors import StateError
from fedwarden.common.files import read_struct, write_struct

#: Progress is written at most this often (seconds); changes of state or phase are written at once.
WRITE_EVERY = 0.5


def now() -> str:
    """The time as it stands in records: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class StatusFile:
    """Holds a ``RoleStatus`` and writes it atomically. Safe to use from several threads.

    Once the record is terminal (``success`` or ``failed``) it never changes again: the first cause stays.
    """

    def __init__(self, path: Path, spec: JobSpec, role: Role, party: int, pid: int) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._written = 0.0
        self._phase_began = time.monotonic()
        self._links: Callable[[], dict[Role, tuple[int, int]]] | None = None
        self.record = _begun(path, spec) or RoleStatus(
            job_id=spec.job_id,
            role=role,
            party=party,
            state="waiting",
            options=dict(spec.options),
            started=now(),
            attempt=spec.attempt,
        )
        self.record.pid = pid
        self._write()

    def follow_links(self, counters: Callable[[], dict[Role, tuple[int, int]]]) -> None:
        """From now on the record carries what ``counters`` says: role → (bytes sent, bytes received)."""
        self._links = counters

    @property
    def ended(self) -> bool:
        return self.record.state in ("success", "failed")

    @contextmanager
    def phase(self, name: str, *, state: str | None = None) -> Iterator[None]:
        """Times a phase; nested phases are not kept."""
        with self._lock:
            self.record.phase = name
            if state == "running":
                self.record.state = "running"
            self.record.phases.append(Phase(name=name))
            self._phase_began = time.monotonic()
            self._write()
        yield
        with self._lock:
            if not self.ended:
                self.record.phases[-1].seconds = round(time.monotonic() - self._phase_began, 3)
                self._write()

    def progress(self, iteration: int, iterations: int, loss: float | None) -> None:
        with self._lock:
            if self.ended:
                return
            self.record.iteration, self.record.iterations = iteration, iterations
            if loss is not None:
                self.record.loss = loss
            if time.monotonic() - self._written > WRITE_EVERY or iteration == iterations:
                self._write()

    def reveal(self, items: list[dict[str, Any]]) -> None:
        with self._lock:
            self.record.revealed.extend(items)
            self._write()

    def notice(self, code: str, **params: Any) -> None:
        """Adds a notice; one that stands there already, from an attempt before, is not repeated."""
        with self._lock:
            told = Notice(code=code, params=params)
            if told not in self.record.notices:
                self.record.notices.append(told)
                self._write()

    def begin_again(self) -> None:
        """An attempt that begins at the start: what an earlier one found no longer counts; what it revealed stays."""
        with self._lock:
            self.record.metrics, self.record.result = {}, {}
            self.record.iteration, self.record.iterations, self.record.loss = 0, 0, None
            self._write()

    def update(self, *, metrics: dict[str, Any] | None = None, result: dict[str, Any] | None = None) -> None:
        with self._lock:
            self.record.metrics.update(metrics or {})
            self.record.result.update(result or {})
            self._write()

    def succeed(self) -> None:
        self._end("success", None)

    def fail(self, cause: dict[str, Any]) -> None:
        self._end("failed", cause)

    def _end(self, state: str, cause: dict[str, Any] | None) -> None:
        with self._lock:
            if self.ended:
                return
            if self.record.phases and not self.record.phases[-1].seconds:
                self.record.phases[-1].seconds = round(time.monotonic() - self._phase_began, 3)
            self.record.cause = cause
            self.record.ended = now()
            self.record.state = "success" if state == "success" else "failed"
            self._write()

    def _write(self) -> None:
        if self._links is not None:
            self.record.links = {role: LinkBytes(sent=s, received=r) for role, (s, r) in self._links().items()}
        write_struct(self._path, self.record)
        self._written = time.monotonic()


def _begun(path: Path, spec: JobSpec) -> RoleStatus | None:
    """The record that the agent began for this attempt: it carries what earlier attempts left."""
    try:
        record = read_struct(path, RoleStatus)
    except (FileNotFoundError, StateError):
        return None
    return record if record.attempt == spec.attempt and record.state == "waiting" else None
