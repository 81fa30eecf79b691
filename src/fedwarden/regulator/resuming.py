"""Going on with a job that failed: the same job in another attempt, when a person asks or its ``retries`` say so."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from fedwarden.common.api import JobSpec, RoleStatus
from fedwarden.common.errors import FedwardenError, JobError
from fedwarden.engines import ways
from fedwarden.engines.base import Engine, Site
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.following import JobView, ask_and_store, find_job, query, site_for, spec_of, view
from fedwarden.regulator.merge import ENDED
from fedwarden.regulator.store import audit
from fedwarden.regulator.tables import JobRow

#: Causes of circumstance: a process, a link, memory or room on a disk was lost. Others would only come again.
PASSING = ("FW-LINK-", "FW-JOB-060", "FW-JOB-067", "FW-JOB-068", "FW-JOB-069", "FW-JOB-104", "FW-JOB-106", "FW-JOB-502")


def resume(desk: Desk, job_id: str) -> JobView:
    """Starts a failed job's next attempt under the same id and returns with it running.

    Raises JobError FW-JOB-001, -501 (it has not failed), -503, DeployError FW-DEP-001, DataError (a table changed).
    """
    seen = query(desk, job_id, retrying=False)
    if seen.state != "failed":
        raise JobError("FW-JOB-501", job=job_id, state=seen.state)
    with desk.changing():
        row = find_job(desk, job_id)
        if row.state != "failed":
            raise JobError("FW-JOB-501", job=job_id, state=view(row).state)
        row = _next_attempt(desk, row, by="resume")
    desk.watch_retries(row.options)
    return view(row)


def retries_left(row: JobRow) -> int:
    """How often the job's option ``retries`` still lets it go on by itself."""
    return max(0, int(row.options.get("retries", 0)) - int(row.details.get("retried", 0)))


def wants_retry(row: JobRow) -> bool:
    """Whether the job has a retry left and the first cause is one of circumstance."""
    code = str((row.cause or {}).get("code", ""))
    return row.state == "failed" and retries_left(row) > 0 and code.startswith(PASSING)


def retry(desk: Desk, row: JobRow) -> JobRow:
    """Goes on with a failed job that has retries left; when that is not possible yet, a notice says why."""
    try:
        with desk.changing():
            row = find_job(desk, row.id)
            if not wants_retry(row):
                return row  # another command was first
            why = FedwardenError.from_dict(row.cause or {}).message()
            row = _next_attempt(desk, row, by="retry")
    except FedwardenError as error:
        if error.code != "FW-DEP-001":  # with its deployment gone there is nothing to go on with
            desk.note("FW-NOTE-504", job=row.id, why=error.message())
        return find_job(desk, row.id)
    desk.note("FW-NOTE-503", job=row.id, why=why, attempt=spec_of(row).attempt)
    return row


def take_back(desk: Desk, row: JobRow, engine: Engine, site: Site) -> None:
    """After a resume that was interrupted: the job stays failed everywhere, and the attempt's number is used up."""
    engine.stop(site, spec_of(row), "FW-JOB-005")
    with desk.store.begin() as session:
        session.get_one(JobRow, row.id).state = "failed"
        audit(session, "resume taken back", row.id)


def _next_attempt(desk: Desk, row: JobRow, *, by: str) -> JobRow:
    """On record before any party hears of it, so that a killed resume can be taken back."""
    engine, site = site_for(desk, row)
    site = desk.wake(site, engine)
    _end_everywhere(desk, engine, site, row)
    before = spec_of(row)
    parties = {peer.role: peer.party for peer in before.roles}
    if before.role_datasets:
        engine.check_tables(site, [(parties[role], table) for role, table in before.role_datasets.items()])
    places = {"roles": ways.job_peers(site, parties), "relay": ways.relay_place(site)}
    spec = replace(before, attempt=before.attempt + 1, **places)
    with desk.store.begin() as session:
        kept = session.get_one(JobRow, row.id)
        kept.spec, kept.state = msgspec.to_builtins(spec), "resuming"
    try:
        return _store_running(desk, spec, engine.resume(site, spec), by)
    except BaseException:
        take_back(desk, kept, engine, site)
        raise


def _end_everywhere(desk: Desk, engine: Engine, site: Site, row: JobRow) -> None:
    """Every role must have ended before another attempt begins. Raises JobError FW-JOB-503."""
    if row.complete:
        return
    engine.stop(site, spec_of(row), "FW-JOB-101")
    row, _ = ask_and_store(desk, engine, site, row)
    if not row.complete:
        party = next(role.party for role in row.roles if role.record.get("state") not in ENDED)
        raise JobError("FW-JOB-503", job=row.id, party=party)


def _store_running(desk: Desk, spec: JobSpec, statuses: list[RoleStatus], by: str) -> JobRow:
    with desk.store.begin() as session:
        kept = session.get_one(JobRow, spec.job_id)
        code = (kept.cause or {}).get("code")
        ended = {"attempt": spec.attempt - 1, "ended": kept.ended, "cause": kept.cause, "again": by}
        details = dict(kept.details)
        details["attempts"] = [*details.get("attempts", []), ended]
        details["retried"] = int(details.get("retried", 0)) + (by == "retry")
        kept.details = details
        kept.state, kept.complete, kept.cause, kept.ended = "active", False, None, None
        records = {status.role: msgspec.to_builtins(status) for status in statuses}
        for role in kept.roles:
            role.record = records[role.role]
        audit(session, by, spec.job_id, attempt=spec.attempt, cause=code)
    return kept
