"""From what every role says of itself to what is shown: a job is one thing, so its words agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fedwarden.common.api import RoleStatus, State

ENDED = ("success", "failed")
#: Causes that say why a role vanished come before those that only say that it did.
_VANISHED = ("FW-LINK-", "FW-JOB-101", "FW-JOB-505")


def merge(states: Sequence[State]) -> State:
    """The job's word: failed as soon as one role failed, success when all succeeded, running once one began.

    A role that is done while others still work counts as running; all roles begin together, so one that says waiting
    while another runs has only not written its record yet.
    """
    if "failed" in states:
        return "failed"
    if all(state == "success" for state in states):
        return "success"
    return "waiting" if all(state == "waiting" for state in states) else "running"


def first_cause(statuses: Sequence[RoleStatus]) -> dict[str, Any] | None:
    """The cause that explains the others: the earliest, one that names a reason before one that names a silence."""
    failed = [status for status in statuses if status.state == "failed" and status.cause]
    if not failed:
        return None

    def rank(status: RoleStatus) -> tuple[bool, str]:
        code = str((status.cause or {}).get("code", ""))
        return code.startswith(_VANISHED), status.ended or "~"

    chosen = min(failed, key=rank)
    return {"role": chosen.role, "party": chosen.party, **(chosen.cause or {})}


def shown_order(roles: Sequence[str]) -> list[str]:
    """Arbiter, guest, then the hosts by number."""

    def rank(role: str) -> tuple[int, int]:
        if role in ("arbiter", "guest"):
            return (0, 0) if role == "arbiter" else (1, 0)
        return 2, int(role.removeprefix("host"))

    return sorted(roles, key=rank)
