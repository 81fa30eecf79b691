"""delete: jobs end as failed, agents stop, keys, folders and models go; the history stays."""

from __future__ import annotations

from sqlalchemy.orm import Session

from fedwarden.common.errors import DeployError
from fedwarden.engines.base import Site
from fedwarden.regulator import recap
from fedwarden.regulator.addresses import ipv4
from fedwarden.regulator.changing import members_of
from fedwarden.regulator.deployments import CURRENT, deployed
from fedwarden.regulator.desk import Desk, addresses, shown, site_of
from fedwarden.regulator.ending import end_jobs
from fedwarden.regulator.gone import keep
from fedwarden.regulator.publishing import write_published
from fedwarden.regulator.store import all_of, audit, get_meta, now, set_meta
from fedwarden.regulator.tables import BindingRow, DeploymentRow, ModelRow
from fedwarden.regulator.wanted import check_lists


def delete(desk: Desk, ids: list[int], ips: list[str]) -> str:
    """Deletes the deployment that has exactly these ids and addresses; answers what it was.

    Every host is looked at afterwards; ``desk.recap`` counts. Where a host is down, the others are done, notices say
    what is left, and the same command finishes it later.

    Raises UsageError FW-USE-007 … -010, DeployError FW-DEP-001, -003, -005 (shows what is deployed), -011, -443,
    RemoteError.
    """
    wanted = check_lists(ids, [ipv4(ip) for ip in ips])
    with desk.changing():
        with desk.store.begin() as session:
            begun = all_of(session, DeploymentRow, DeploymentRow.state == "deleting", order=DeploymentRow.created)
            rows = begun + deployed(session)
        if desk.purge and (gone := _deleted(desk, wanted)) and not any(addresses(row) == wanted for row in rows):
            desk.engine(gone.engine).delete(site_of(gone))
            return shown(gone)
        if not rows:
            raise DeployError("FW-DEP-001")
        row = next((row for row in rows if wanted in (addresses(row), addresses(row, joined=False))), None)
        if row is None:
            raise DeployError("FW-DEP-005", deployed="; ".join(shown(row) for row in rows))
        for member in members_of(row):
            if member.place and not desk.access.can(member.host, member.details.get("login")):
                raise DeployError("FW-DEP-003", ip=member.host, party=member.party)
        desk.engine(row.engine).require(site_of(row), "delete", "", [])
        with desk.store.begin() as session:
            session.get_one(DeploymentRow, row.id).state = "deleting"
        finish_delete(desk, row)
        return shown(row)


def _deleted(desk: Desk, wanted: dict[int, str]) -> DeploymentRow | None:
    """The last deployment of these parties that kept its data when it was deleted, for a purge afterwards."""
    with desk.store.begin() as session:
        rows = all_of(session, DeploymentRow, DeploymentRow.state == "deleted", order=DeploymentRow.ended.desc())
    return next((row for row in rows if row.engine == "fate" and addresses(row) == wanted), None)


def finish_delete(desk: Desk, row: DeploymentRow) -> None:
    """May be called again after an interruption at any point."""
    end_jobs(desk, row)
    engine, members = desk.engine(row.engine), members_of(row)
    unkept = keep(desk, engine, site_of(row))
    left = engine.take_down(Site(deployment=row.id, members=members, plan=row.plan))
    desk.recap = recap.deleted(members, left)
    for member in members:
        if member.party in left and member.place:
            desk.note("FW-NOTE-442", host=member.host, party=member.party, why=left[member.party].message())
    if left:
        raise next(iter(left.values()))
    with desk.store.begin() as session:
        forget(desk, session, row.id)
        parties = {str(party): ip for party, ip in addresses(row).items()}
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
