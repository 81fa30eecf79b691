"""The agent's last word on a role whose worker is gone, also while the disk takes nothing: then it is kept in memory,
told to whoever asks, and written down when there is room again."""

from __future__ import annotations

import contextlib
from typing import Any

from fedwarden.common.api import JobSpec, Role, RoleStatus
from fedwarden.party.home import Home
from fedwarden.party.jobs.records import mark_failed, read_record


class LastWords:
    """One party's. Call it with the job book's lock held, or before there is one."""

    def __init__(self, home: Home, party: int) -> None:
        self._home, self._party = home, party
        self._unwritten: dict[tuple[str, Role], tuple[JobSpec, dict[str, Any]]] = {}

    def fail(self, spec: JobSpec, role: Role, cause: dict[str, Any], *, silent: bool = False) -> bool:
        """Records ``failed`` unless the role's record is final; whether it did.

        ``silent``: the worker ended by itself without a record; where nothing can be written, that is the cause.
        """
        try:
            return mark_failed(self._home, spec, role, self._party, cause)
        except OSError as error:
            if silent:
                cause = {"code": "FW-JOB-502", "params": refused(error, self._home, role, self._party)}
            self._unwritten[spec.job_id, role] = (spec, {"role": role, "party": self._party, **cause})
            return True

    def read(self, spec: JobSpec, role: Role) -> RoleStatus:
        """The role's record as it is, written or not."""
        kept = self._unwritten.get((spec.job_id, role))
        if kept is not None and kept[0].attempt == spec.attempt:
            with contextlib.suppress(OSError):
                mark_failed(self._home, spec, role, self._party, kept[1])
                del self._unwritten[spec.job_id, role]
        record = read_record(self._home, spec, role, self._party)
        if (spec.job_id, role) in self._unwritten and record.state not in ("success", "failed"):
            record.state, record.cause = "failed", kept[1] if kept is not None else None
        return record


def refused(error: OSError, home: Home, role: Role, party: int) -> dict[str, Any]:
    """What FW-JOB-502 tells: who cannot write where, and why."""
    why = error.strerror or type(error).__name__
    return {"role": role, "party": party, "folder": str(home.root), "why": why}
