"""query: asks every agent of a job, merges what they say, and keeps the final records."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from sqlalchemy.orm import Session

from fedwarden.common.api import JobSpec, RoleStatus, State
from fedwarden.common.errors import DeployError, FedwardenError, JobError
from fedwarden.engines.base import Engine, Site
from fedwarden.regulator.desk import Desk, site_of
from fedwarden.regulator.heads import swap_heads
from fedwarden.regulator.job_ids import FORM
from fedwarden.regulator.merge import ENDED, first_cause, merge, shown_order
from fedwarden.regulator.store import audit, now
from fedwarden.regulator.tables import DeploymentRow, JobRoleRow, JobRow, ModelRow

STOP_TRIES = 3
#: Nothing listens there, or somebody else does: the agent is dead.
_UNREACHED = ("FW-LINK-001", "FW-LINK-003", "FW-ID-01")


class JobView(NamedTuple):
    """A job as it stands: its row, every role's last record, and the one word that all roles show."""

    row: JobRow
    records: dict[str, RoleStatus]
    state: State

    @property
    def roles(self) -> list[str]:
        return shown_order(list(self.records))

    @property
    def words(self) -> list[State]:
        """One per role: arbiter, guest, hosts."""
        return [self.state for _ in self.records]


def find_job(desk: Desk, job_id: str) -> JobRow:
    """Raises JobError FW-JOB-001."""
    if FORM.fullmatch(job_id) is None or not desk.places.store.exists():
        raise JobError("FW-JOB-001", job=job_id[:40])
    with desk.store.begin() as session:
        row = session.get(JobRow, job_id)
    if row is None:
        raise JobError("FW-JOB-001", job=job_id)
    return row


def spec_of(row: JobRow) -> JobSpec:
    return msgspec.convert(row.spec, JobSpec)


def view(row: JobRow) -> JobView:
    records = {role.role: msgspec.convert(role.record, RoleStatus) for role in row.roles}
    word = merge([record.state for record in records.values()])
    if row.state in ENDED:
        word = "failed" if row.state == "failed" else "success"
    return JobView(row, records, word)


def query(desk: Desk, job_id: str, *, retrying: bool = True) -> JobView:
    """Raises JobError FW-JOB-001. A dead local agent is started again, which ends its jobs as failed.

    A job that failed and has ``retries`` left goes on by itself here, unless ``retrying`` is False; that it does so
    without being asked is the watcher's work, which is started again if it is gone.
    """
    from fedwarden.regulator.resuming import retries_left, retry, wants_retry

    row = find_job(desk, job_id)
    if row.state == "resuming":  # by another command, or one that was killed: then it is taken back here
        with desk.changing():
            row = find_job(desk, job_id)
    if not row.complete and row.state not in ("submitting", "resuming"):
        row = _ask(desk, row)
    if retrying and wants_retry(row):
        row = retry(desk, row)
    if retrying and row.state not in ENDED and retries_left(row):
        desk.watch_retries(row.options)
    return view(row)


def _ask(desk: Desk, row: JobRow) -> JobRow:
    engine, site = site_for(desk, row)
    row, lost = ask_and_store(desk, engine, site, row)
    if any(error.code.startswith(_UNREACHED) for _, error in lost):
        with desk.changing():
            site = desk.wake(site, engine)
        row, lost = ask_and_store(desk, engine, site, find_job(desk, row.id))
    for role, error in lost:
        desk.note("FW-NOTE-024", role=role.role, party=role.party, why=error.message())
    return end_waiting(desk, engine, site, row)


def end_waiting(desk: Desk, engine: Engine, site: Site, row: JobRow) -> JobRow:
    """Ends the roles of a failed job that still wait for one that will not come: the next job needs their place."""
    if row.state == "failed" and any(role.record.get("state") == "waiting" for role in row.roles):
        engine.stop(site, spec_of(row), "FW-JOB-505")
        row, _ = ask_and_store(desk, engine, site, row)
    return row


def site_for(desk: Desk, row: JobRow) -> tuple[Engine, Site]:
    """Raises DeployError FW-DEP-001 when the job's deployment is gone."""
    with desk.store.begin() as session:
        deployment = session.get_one(DeploymentRow, row.deployment_id)
    if deployment.state == "deleted":
        raise DeployError("FW-DEP-001")
    return desk.engine(deployment.engine), site_of(deployment)


Lost = list[tuple[JobRoleRow, FedwardenError]]


def ask_and_store(desk: Desk, engine: Engine, site: Site, row: JobRow) -> tuple[JobRow, Lost]:
    """Asks every role and stores what it says; the row as it is then, and the roles that could not be asked."""
    if row.complete:
        return row, []
    spec = spec_of(row)
    answers = dict(zip([peer.role for peer in spec.roles], engine.query(site, spec), strict=True))
    lost: Lost = []
    with desk.store.begin() as session:
        kept = session.get_one(JobRow, row.id)
        if kept.complete:
            return kept, []
        for role in kept.roles:
            answer = answers[role.role]
            if isinstance(answer, RoleStatus) and answer.attempt < spec_of(kept).attempt:
                continue  # said before another command resumed the job
            if isinstance(answer, RoleStatus):
                role.record = msgspec.to_builtins(answer)
            elif answer.code == "FW-JOB-066":  # its agent has never heard of the job: it will not do it any more
                role.record = {**role.record, "state": "failed", "cause": answer.to_dict(), "ended": now()}
            else:
                lost.append((role, answer))
        _conclude(session, kept)
    if kept.complete:
        swap_heads(desk, engine, site, kept.id)
    return kept, lost


def _conclude(session: Session, row: JobRow) -> None:
    """Notes the end of a job: failed with the first failed role, success with the last one, complete with all."""
    records = [msgspec.convert(role.record, RoleStatus) for role in row.roles]
    state = merge([record.state for record in records])
    if state in ENDED and row.state not in ENDED:
        row.state = state
        row.ended = max((record.ended or "" for record in records), default="") or now()
        audit(session, f"job {state}", row.id)
        if state == "success" and row.algorithm != "example":
            session.add(
                ModelRow(
                    version=row.id,
                    model_id=row.model_id,
                    algorithm=row.algorithm,
                    deployment_id=row.deployment_id,
                    created=row.ended,
                    deleted=None,
                )
            )
    if row.state == "failed":
        row.cause = first_cause(records)
    row.complete = row.state in ENDED and all(record.state in ENDED for record in records)


def store_failed(desk: Desk, row: JobRow, error: FedwardenError) -> JobRow:
    """Ends a job on record when its agents can no longer be asked; a word that was given before stays."""
    with desk.store.begin() as session:
        kept = session.get_one(JobRow, row.id)
        for role in kept.roles:
            if role.record.get("state") not in ENDED:
                cause = {**error.to_dict(), "role": role.role, "party": role.party}
                role.record = {**role.record, "state": "failed", "cause": cause, "ended": now()}
        _conclude(session, kept)
        kept.complete = True
    return kept


def stop(desk: Desk, job_id: str) -> JobView:
    """Ends a job as failed and returns when every role has confirmed.

    Raises JobError FW-JOB-001, -003 (it has ended already), -008 (a role does not confirm).
    """
    seen = query(desk, job_id, retrying=False)
    if seen.state in ENDED:
        raise JobError("FW-JOB-003", job=job_id, state=seen.state)
    engine, site = site_for(desk, seen.row)
    with desk.store.begin() as session:
        audit(session, "stop", job_id)
    row = seen.row
    lost: Lost = []
    refused: FedwardenError | None = None
    for _ in range(STOP_TRIES):
        answers = engine.stop(site, spec_of(row), "FW-JOB-101")
        row, lost = ask_and_store(desk, engine, site, row)
        if row.complete:
            return view(row)
        refused = next((answer for answer in answers if isinstance(answer, FedwardenError)), None)
    role = next(role for role in row.roles if role.record.get("state") not in ENDED)
    why = lost[0][1].message() if lost else (refused.message() if refused else str(role.record.get("phase")))
    raise JobError("FW-JOB-008", role=role.role, party=role.party, job=job_id, why=why)


def waiting_for(seen: JobView) -> list[str]:
    """Which roles have not ended, with their phase: for messages about deadlines."""
    return [f"{r.role} ({r.party}, {r.phase or r.state})" for r in seen.records.values() if r.state not in ENDED]


def record_of(seen: JobView) -> dict[str, Any]:
    """The whole job record as plain data."""
    row = seen.row
    roles = []
    for name in seen.roles:
        record = msgspec.to_builtins(seen.records[name])
        record.pop("options", None)
        roles.append(record)
    out = {
        "job_id": row.id,
        "project": row.project,
        "algorithm": row.algorithm,
        "mode": row.mode,
        "model_id": row.model_id,
        "model_version": row.id,
        "privacy": row.privacy,
        "state": seen.state,
        "created": row.created,
        "ended": row.ended,
        "options": row.options,
        "attempt": spec_of(row).attempt,
        "attempts": [_attempt_of(it) for it in row.details.get("attempts", [])],
        "roles": roles,
    }
    if row.privacy == "none":
        from fedwarden.common import messages

        out["privacy_note"] = messages.render("FW-NOTE-023", {})
    if row.cause:
        error = FedwardenError.from_dict(row.cause)
        out["cause"] = {**row.cause, "message": error.message(), "fix": error.fix()}
    return out


def _attempt_of(ended: dict[str, Any]) -> dict[str, Any]:
    """An attempt that failed, with its first cause in words."""
    cause = ended.get("cause")
    return {**ended, "message": FedwardenError.from_dict(cause).message() if cause else ""}
