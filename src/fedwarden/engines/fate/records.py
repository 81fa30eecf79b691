"""From FATE's rows and tasks to the records that the regulator keeps of a job's roles."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from fedwarden.common.api import JobPeer, JobSpec, Phase, RoleStatus, State
from fedwarden.common.errors import FedwardenError, JobError
from fedwarden.engines.fate import jobs
from fedwarden.engines.fate.flow import Flow, Row, Task
from fedwarden.engines.fate.versions import Version

#: FATE's own words, of both generations, in ours; what is not here has ended badly.
WORDS: dict[str, State] = {
    "waiting": "waiting",
    "ready": "waiting",
    "start": "running",
    "running": "running",
    "success": "success",
    "finished": "success",
    "pass": "success",
}


def fate_role(peer: JobPeer) -> Literal["guest", "host", "arbiter"]:
    if peer.role == "guest":
        return "guest"
    return "arbiter" if peer.role == "arbiter" else "host"


def waiting(job_id: str, peer: JobPeer, iterations: int) -> RoleStatus:
    return RoleStatus(job_id=job_id, role=peer.role, party=peer.party, state="waiting", iterations=iterations)


def record(flow: Flow, version: Version, spec: JobSpec, peer: JobPeer, row: Row) -> RoleStatus:
    """What ``peer``'s own FATE-Flow says of its role. Raises what the flow raises."""
    role = fate_role(peer)
    state = WORDS.get(row.state, "failed")
    tasks = flow.tasks(spec.job_id, role, peer.party)
    status = RoleStatus(
        job_id=spec.job_id,
        role=peer.role,
        party=peer.party,
        state=state,
        phase=_phase(tasks, state),
        iterations=int(spec.options.get("max_iter", 0)) if role == "arbiter" else 0,  # the others tell no progress
        started=_time(row.started),
        ended=_time(row.ended),
        phases=[Phase(it.name, (it.ended - it.started) / 1000) for it in tasks if it.ended and it.started],
        result={"fate_state": row.state},
        options=spec.options,
    )
    names = jobs.components(version, spec.algorithm)
    if spec.algorithm != "example":
        _add_numbers(flow, spec, peer, names, status)
    if state == "failed":
        status.cause = _cause(flow, spec, peer, row, tasks)
    if state == "success":
        status.revealed = _revealed(spec, peer)
    return status


def _phase(tasks: list[Task], state: State) -> str:
    running = next((it.name for it in tasks if WORDS.get(it.state) == "running"), "")
    return running or (tasks[-1].name if tasks and state in ("running", "failed") else "")


def _add_numbers(flow: Flow, spec: JobSpec, peer: JobPeer, names: jobs.Components, status: RoleStatus) -> None:
    if peer.role == "arbiter" and status.state != "waiting":
        losses = flow.losses(spec.job_id, peer.party, names.work)
        if losses:
            status.iteration, status.loss = len(losses), losses[-1]
    if peer.role == "guest" and status.state == "success":
        status.metrics = {"train": flow.evaluation(spec.job_id, peer.party, names.evaluate)}
        status.result |= flow.counts(spec.job_id, peer.party, names.align)


def _cause(flow: Flow, spec: JobSpec, peer: JobPeer, row: Row, tasks: list[Task]) -> dict[str, Any] | None:
    """Why: somebody stopped it, it took too long, or what FATE's log says; None where another party knows more."""
    if row.state == "canceled":
        return JobError("FW-JOB-101").to_dict()
    if row.state == "timeout":
        return JobError("FW-JOB-602", seconds=spec.options.get("timeout", "-")).to_dict()
    for task in reversed(tasks):
        if WORDS.get(task.state, "failed") == "failed":
            try:
                why = task.error or flow.failure(spec.job_id, fate_role(peer), peer.party, task.name)
            except FedwardenError:
                why = ""
            if why:
                return JobError("FW-JOB-601", component=task.name, party=peer.party, why=why).to_dict()
    return None


def no_reason(spec: JobSpec, statuses: list[RoleStatus | FedwardenError]) -> None:
    """A job that failed without any party saying why gets a cause that says just that."""
    known = [it for it in statuses if isinstance(it, RoleStatus)]
    failed = [it for it in known if it.state == "failed"]
    if any(it.state in ("waiting", "running") for it in known):
        return  # the failing party may be the one that has not told yet
    if failed and all(it.cause is None for it in failed):
        failed[0].cause = JobError("FW-JOB-603", job=spec.job_id).to_dict()


def _revealed(spec: JobSpec, peer: JobPeer) -> list[dict[str, Any]]:
    """What FATE's protocol shows in the clear. Source: its description of HeteroLR, HeteroLinR and Intersection."""
    if spec.algorithm == "example":
        return []
    data = ", ".join(it.role for it in spec.roles if it.role != "arbiter")
    if peer.role == "arbiter":
        return [
            {"what": "gradients", "of": data, "to": "arbiter"},
            {"what": "loss", "to": "arbiter"},
        ]
    if peer.role == "guest":
        hosts = ", ".join(it.role for it in spec.roles if it.role.startswith("host"))
        return [
            {"what": "common ids", "to": "guest"},
            {"what": "part of the score of every common row", "of": hosts, "to": "guest"},
        ]
    return [{"what": "common ids", "to": peer.role}]


def moment(since: int) -> str:
    """Milliseconds since the epoch as the regulator writes times."""
    when = datetime.datetime.fromtimestamp(since / 1000, datetime.UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(written: str) -> int:
    return int(datetime.datetime.fromisoformat(written).timestamp() * 1000)


def _time(since: int) -> str | None:
    return moment(since) if since else None
