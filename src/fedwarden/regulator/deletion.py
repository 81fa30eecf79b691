"""delete: jobs end as failed, agents stop, keys, folders and models go; the history stays."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fedwarden.common.errors import DeployError, FedwardenError, JobError
from fedwarden.regulator.addresses import ipv4
from fedwarden.regulator.deployments import CURRENT, check_lists, deployed
from fedwarden.regulator.desk import Desk, shown, site_of
from fedwarden.regulator.following import ask_and_store, spec_of, store_failed
from fedwarden.regulator.publishing import write_published
from fedwarden.regulator.store import all_of, audit, get_meta, now, set_meta
from fedwarden.regulator.tables import BindingRow, DeploymentRow, JobRow, ModelRow


def delete(desk: Desk, ids: list[int], ips: list[str]) -> str:
    """Deletes the deployment that has exactly these ids and addresses; answers what it was.

    Raises UsageError FW-USE-007 … -010, DeployError FW-DEP-001, -005 (shows what is deployed), -011.
    """
    wanted = check_lists(ids, [ipv4(ip) for ip in ips])
    with desk.changing():
        with desk.store.begin() as session:
            begun = all_of(session, DeploymentRow, DeploymentRow.state == "deleting", order=DeploymentRow.created)
            rows = begun + deployed(session)
        if not rows:
            raise DeployError("FW-DEP-001")
        row = next((row for row in rows if {p.party: p.ip for p in row.parties if p.party} == wanted), None)
        if row is None:
            raise DeployError("FW-DEP-005", deployed="; ".join(shown(row) for row in rows))
        for member in site_of(row).members:
            if member.place and not desk.access.can(member.host):
                raise DeployError("FW-DEP-003", ip=member.host, party=member.party)
        desk.engine(row.engine).require(site_of(row), "delete", "", [])
        with desk.store.begin() as session:
            session.get_one(DeploymentRow, row.id).state = "deleting"
        finish_delete(desk, row)
        return shown(row)


def finish_delete(desk: Desk, row: DeploymentRow) -> None:
    """May be called again after an interruption at any point."""
    from fedwarden.regulator.auditing import keep

    _end_jobs(desk, row)
    engine, site = desk.engine(row.engine), site_of(row)
    unkept = keep(desk, engine, site)
    engine.delete(site)
    with desk.store.begin() as session:
        forget(desk, session, row.id)
        parties = {str(party.party): party.ip for party in row.parties if party.party}
        audit(session, "delete", row.id, parties=parties, audit_logs_not_kept=unkept)
    write_published(desk)


def forget(desk: Desk, session: Session, deployment: str) -> None:
    """Marks a deployment as deleted, with its models and their names; another one becomes the current one."""
    for model in all_of(session, ModelRow, ModelRow.deployment_id == deployment, ModelRow.deleted.is_(None)):
        model.deleted = now()
        for binding in all_of(session, BindingRow, BindingRow.version == model.version):
            session.delete(binding)
    kept = session.get_one(DeploymentRow, deployment)
    kept.state, kept.ended = "deleted", now()
    rest = [other for other in deployed(session) if other.id != deployment]
    if get_meta(session, CURRENT) == deployment:
        set_meta(session, CURRENT, rest[-1].id if rest else None)
        if rest:
            desk.note("FW-NOTE-004", deployed=shown(rest[-1]))


def _end_jobs(desk: Desk, row: DeploymentRow) -> None:
    """Fetches the final records as long as there are agents to ask; what has not ended ends as failed."""
    engine, site = desk.engine(row.engine), site_of(row)
    with desk.store.begin() as session:
        open_jobs = all_of(session, JobRow, JobRow.deployment_id == row.id, JobRow.complete.is_(False))
    for job in open_jobs:
        job, lost = ask_and_store(desk, engine, site, job)
        if not job.complete and not lost:
            engine.stop(site, spec_of(job), "FW-JOB-004")
            job, _ = ask_and_store(desk, engine, site, job)
        if not job.complete:
            error: FedwardenError = JobError("FW-JOB-004")
            store_failed(desk, job, error)
        if job.cause is not None and job.cause.get("code") == "FW-JOB-004":
            desk.note("FW-NOTE-009", job=job.id)
