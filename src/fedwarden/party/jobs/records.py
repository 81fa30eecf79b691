"""The records of jobs as the agent writes them: the first one, and the last word on a worker that could not say it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fedwarden.common.api import JobSpec, Role, RoleStatus
from fedwarden.common.errors import FedwardenError, StateError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.party.home import Home
from fedwarden.party.jobs.checks import own_roles

#: Seconds that a worker of a former agent gets to notice the agent's end and to write its own last record.
LAST_WORDS = 2.0


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def first_record(spec: JobSpec, role: Role, party: int) -> RoleStatus:
    return RoleStatus(
        job_id=spec.job_id,
        role=role,
        party=party,
        state="waiting",
        options=dict(spec.options),
        started=now(),
        attempt=spec.attempt,
    )


def next_record(spec: JobSpec, before: RoleStatus) -> RoleStatus:
    """The first record of another attempt: what was revealed stays revealed, what was found may be gone on from."""
    kept = ("attempt", "started", "ended", "phase", "iteration", "iterations", "cause")
    record = first_record(spec, before.role, before.party)
    record.attempts = [*before.attempts, {name: getattr(before, name) for name in kept}]
    record.metrics, record.result = before.metrics, before.result
    record.revealed, record.notices = before.revealed, before.notices
    return record


def read_record(home: Home, spec: JobSpec, role: Role, party: int) -> RoleStatus:
    """A damaged record is answered as a failed one that says so."""
    try:
        return read_struct(home.status(spec.job_id, role), RoleStatus)
    except FileNotFoundError:
        return first_record(spec, role, party)
    except StateError as error:
        record = first_record(spec, role, party)
        record.state, record.cause = "failed", {**error.to_dict(), "role": role, "party": party}
        return record


def mark_failed(home: Home, spec: JobSpec, role: Role, party: int, cause: dict[str, Any]) -> bool:
    """Writes ``failed`` with ``cause`` unless the record is terminal already; whether it wrote.

    Only for a role whose worker is gone: a record has one writer at a time.
    """
    record = read_record(home, spec, role, party)
    path = home.status(spec.job_id, role)
    if record.state in ("success", "failed") and path.exists():
        return False
    record.state = "failed"
    record.cause = {"role": role, "party": party, **cause}
    record.ended = now()
    write_struct(path, record)
    return True


def recover(home: Home, party: int) -> list[str]:
    """Ends what a former agent left: workers that still live, records that are not terminal. The jobs so ended."""
    found = []
    for folder in sorted(home.jobs.iterdir()) if home.jobs.exists() else []:
        if not (folder / "spec.json").exists():  # the agent died before the job was taken in
            shutil.rmtree(folder, ignore_errors=True)
            continue
        try:
            spec = read_struct(folder / "spec.json", JobSpec)
            for role in own_roles(spec, party):
                record = read_record(home, spec, role, party)
                if record.state in ("success", "failed"):
                    continue
                _end_orphan(home, record)
                if mark_failed(home, spec, role, party, {"code": "FW-JOB-068", "params": {"party": party}}):
                    found.append(spec.job_id)
        except FedwardenError:
            continue  # a damaged folder must not keep the agent from starting; asking for that job tells
    return sorted(set(found))


def _end_orphan(home: Home, record: RoleStatus) -> None:
    """A worker ends by itself when its agent does; one that is stuck is killed. Checks that the pid is that worker."""
    if record.pid is None:
        return
    end = time.monotonic() + LAST_WORDS
    while _is_worker(record.pid, home, record.job_id):
        if time.monotonic() > end:
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.pid, signal.SIGKILL)
            end += LAST_WORDS
        time.sleep(0.05)


def _is_worker(pid: int, home: Home, job_id: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(home.root).encode() in words and job_id.encode() in words
