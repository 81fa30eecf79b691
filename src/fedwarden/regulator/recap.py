"""One line per host at the end of a deploy or a delete: how many agents are well, changed, failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fedwarden.common.errors import FedwardenError
from fedwarden.engines.base import Member
from fedwarden.regulator.host_recap import HostRecap
from fedwarden.regulator.planning import Plan


def done(plan: Plan) -> list[HostRecap]:
    """After a plan was carried out."""
    rows = _rows(step.host for step in plan.steps)
    for step in plan.steps:
        rows[step.host].ok += 1
        rows[step.host].changed += step.action != "keep"
    return list(rows.values())


def failed(plan: Plan, error: FedwardenError) -> list[HostRecap]:
    """After a failure, when everything was taken back: the host that the error names, else every one with a step."""
    rows = _rows(step.host for step in plan.steps)
    told = str(error.params.get("host", "")).partition(":")[0]
    for step in plan.steps:
        row = rows[step.host]
        if told in rows:
            hit = step.host == told and not row.failed
        else:
            hit = step.action != "keep"
        row.failed += hit
        row.ok += step.action == "keep" and not hit
    return list(rows.values())


def deleted(members: Iterable[Member], left: Mapping[int, FedwardenError]) -> list[HostRecap]:
    """After a delete; ``left`` are the parties whose agents could not be removed, and why."""
    members = list(members)
    rows = _rows(member.host for member in members)
    for member in members:
        if member.party in left:
            rows[member.host].failed += 1
        else:
            rows[member.host].ok += 1
            rows[member.host].changed += 1
    return list(rows.values())


def plain(rows: Iterable[HostRecap]) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(row) for row in rows]


def _rows(hosts: Iterable[str]) -> dict[str, HostRecap]:
    return {host: HostRecap(host=host) for host in dict.fromkeys(hosts)}
