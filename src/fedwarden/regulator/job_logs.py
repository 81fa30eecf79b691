"""The log lines of a job from every party, in one order of time, whatever their hosts' clocks say."""

from __future__ import annotations

import datetime
import json
from typing import Any, NamedTuple

from fedwarden.common.errors import FedwardenError
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.following import find_job, site_for, spec_of

#: Seconds by which a clock has to be off beyond doubt before its lines are moved.
NOTICED = 0.05


class JobLogs(NamedTuple):
    """``offsets``: party → seconds its clock is ahead of ours, only where that is beyond doubt."""

    lines: list[dict[str, Any]]
    offsets: dict[int, float]
    unreached: dict[int, FedwardenError]


def merged(desk: Desk, job_id: str) -> JobLogs:
    """What can be had, oldest first; a party that is out of reach is named instead of failing the others.

    Raises JobError FW-JOB-001, DeployError FW-DEP-001 when the deployment is gone.
    """
    row = find_job(desk, job_id)
    engine, site = site_for(desk, row)
    with desk.changing():
        site = desk.wake(site, engine)
    spec = spec_of(row)
    texts = engine.logs_of_parties(site, spec)
    clocks = engine.clocks(site, [party for party, text in texts.items() if isinstance(text, list)])
    offsets = {party: offset for party, (offset, doubt) in clocks.items() if abs(offset) - doubt > NOTICED}
    lines: list[tuple[float, dict[str, Any]]] = []
    for party, texts_or_error in texts.items():
        if isinstance(texts_or_error, list):
            last = 0.0
            for text in texts_or_error:
                line = parsed(text)
                last = _time(line, last) if "timestamp" in line else last
                lines.append((last - offsets.get(party, 0.0), line))
    lines.sort(key=lambda one: one[0])
    lost = {party: it for party, it in texts.items() if isinstance(it, FedwardenError)}
    return JobLogs([line for _, line in lines], offsets, lost)


def parsed(text: str) -> dict[str, Any]:
    """A line as it was logged; what is no JSON object is an event of its own."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"event": text}


def _time(line: dict[str, Any], otherwise: float) -> float:
    try:
        return datetime.datetime.fromisoformat(str(line["timestamp"])).timestamp()
    except ValueError:
        return otherwise
