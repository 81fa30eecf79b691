"""submit: from a project's upload to a job that runs at its parties."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from msgspec.structs import replace
from sqlalchemy.orm import Session

from fedwarden.common import options
from fedwarden.common.api import Algorithm, JobSpec, RoleStatus
from fedwarden.common.errors import DataError, JobError, UsageError
from fedwarden.engines import ways
from fedwarden.engines.base import Engine, Handed, Site
from fedwarden.regulator import certificates
from fedwarden.regulator.deployments import current
from fedwarden.regulator.desk import Desk, site_of
from fedwarden.regulator.following import ask_and_store, end_waiting
from fedwarden.regulator.heads import swap_heads
from fedwarden.regulator.job_ids import next_job_id
from fedwarden.regulator.names import check_name
from fedwarden.regulator.presence import check_present
from fedwarden.regulator.store import all_of, audit, now
from fedwarden.regulator.tables import DeploymentRow, JobRoleRow, JobRow, UploadRow

#: Below this, a model says much about each person in common.
FEW = 10


def submit(desk: Desk, project: str, algorithm: str, mode: int, given: dict[str, Any]) -> JobSpec:
    """Returns at once, with the job running or waiting for its turn.

    Raises UsageError FW-USE-015, -016, -018, -019, -022, -023; DeployError FW-DEP-001; JobError FW-JOB-002, -006;
    DataError when a table has changed or does not fit; then nothing runs.
    """
    check_name("project", project)
    if algorithm not in options.OPTIONS:
        raise UsageError("FW-USE-015", found=algorithm[:40], known=list(options.OPTIONS))
    if mode not in (0, 1):
        raise UsageError("FW-USE-016", found=mode)
    with desk.changing():
        with desk.store.begin() as session:
            deployment = current(session)
        engine, site = desk.engine(deployment.engine), site_of(deployment)
        chosen = engine.options(site, algorithm, given)
        if chosen.get("min_intersection", FEW) < FEW:
            desk.note("FW-NOTE-026", found=chosen["min_intersection"])
        with desk.store.begin() as session:
            upload = upload_of(all_of(session, UploadRow, UploadRow.deployment_id == deployment.id), project)
        check_present(deployment, [role.party for role in upload.roles])
        engine.require(site, "submit", algorithm, [role.party for role in upload.roles[1:]])
        site = desk.wake(site, engine)
        desk.compare_releases(site, engine)
        _settle(desk, engine, site)
        certificates.bring_up_to_date(desk, site)
        check_tables(engine, site, algorithm, upload)
        spec = _plan(desk, engine, site, upload, deployment, algorithm, mode, chosen)
        try:
            handed = engine.submit(site, spec)
            spec = _store_running(desk, spec, handed)
        except BaseException:
            engine.stop(site, spec, "FW-JOB-005")
            with desk.store.begin() as session:
                session.delete(session.get_one(JobRow, spec.job_id))
            raise
        swap_heads(desk, engine, site, spec.job_id)
    desk.watch_retries(spec.options)
    if spec.privacy == "none":
        desk.note("FW-NOTE-023")
    return spec


def upload_of(uploads: list[UploadRow], project: str) -> UploadRow:
    found = next((row for row in uploads if row.project == project and row.replaced is None), None)
    if found is None:
        raise JobError("FW-JOB-002", project=project)
    return found


def _settle(desk: Desk, engine: Engine, site: Site) -> None:
    """No job that has failed already stands in the new one's way."""
    with desk.store.begin() as session:
        rows = all_of(session, JobRow, JobRow.deployment_id == site.deployment, JobRow.complete.is_(False))
    for row in rows:
        end_waiting(desk, engine, site, ask_and_store(desk, engine, site, row)[0])


def check_tables(engine: Engine, site: Site, algorithm: str, upload: UploadRow) -> None:
    if algorithm == "example":
        return  # it reads no table
    for table in engine.check_tables(site, [(role.party, role.dataset_id) for role in upload.roles]):
        if table.role == "guest" and algorithm == "hetero_lr" and table.label_kind == "number":
            raise DataError("FW-DATA-052", path=table.path, column=table.label)


def roles_of(guest: int, hosts: list[int], arbiter: int) -> dict[str, int]:
    """Role → party: guest, the hosts in numeric order, the arbiter."""
    return {"guest": guest, **{f"host{k}": host for k, host in enumerate(sorted(hosts), 1)}, "arbiter": arbiter}


def model_id_of(roles: dict[str, int]) -> str:
    hosts = "_".join(str(party) for role, party in roles.items() if role.startswith("host"))
    return f"arbiter-{roles['arbiter']}#guest-{roles['guest']}#host-{hosts}#model"


def _plan(
    desk: Desk,
    engine: Engine,
    site: Site,
    upload: UploadRow,
    deployment: DeploymentRow,
    algorithm: str,
    mode: int,
    chosen: dict[str, Any],
) -> JobSpec:
    """The job on record before any party hears of it, so that a killed submit can be taken back."""
    guest, hosts = upload.roles[0].party, [role.party for role in upload.roles[1:]]
    roles = roles_of(guest, hosts, engine.arbiter(site, guest, hosts))
    abroad = [member.party for member in site.members if member.party in roles.values() and member.place]
    if mode == 0 and abroad:
        raise JobError("FW-JOB-006", parties=abroad)
    tables = {} if algorithm == "example" else {role.role: role.dataset_id for role in upload.roles}
    with desk.store.begin() as session:
        spec = JobSpec(
            job_id=next_job_id(session),
            project=upload.project,
            algorithm=cast(Algorithm, algorithm),
            options=chosen,
            roles=ways.job_peers(site, roles),
            role_datasets=tables,
            model_id=model_id_of(roles),
            privacy="none" if set(hosts) == {guest} else engine.privacy,
            created=now(),
            relay=ways.relay_place(site),
        )
        session.add(
            JobRow(
                id=spec.job_id,
                deployment_id=deployment.id,
                upload_id=upload.id,
                project=upload.project,
                algorithm=algorithm,
                mode=mode,
                model_id=spec.model_id,
                privacy=spec.privacy,
                options=chosen,
                spec=msgspec.to_builtins(spec),
                created=spec.created,
                ended=None,
                state="submitting",
                complete=False,
                cause=None,
                details={},
                roles=[
                    JobRoleRow(
                        role=peer.role,
                        place=place,
                        party=peer.party,
                        record=msgspec.to_builtins(
                            RoleStatus(job_id=spec.job_id, role=peer.role, party=peer.party, state="waiting")
                        ),
                    )
                    for place, peer in enumerate(spec.roles)
                ],
            )
        )
    return spec


def _store_running(desk: Desk, spec: JobSpec, handed: Handed) -> JobSpec:
    """The job as it runs; under the engine's id from here on, where the engine has ids of its own."""
    records = {status.role: msgspec.to_builtins(status) for status in handed.statuses}
    running = replace(spec, job_id=handed.job_id)
    with desk.store.begin() as session:
        row = session.get_one(JobRow, spec.job_id)
        if handed.job_id != spec.job_id:
            row = _renamed(session, row, running)
        row.state, row.details = "active", handed.details
        for role in row.roles:
            role.record = records[role.role]
        audit(
            session,
            "submit",
            running.job_id,
            project=spec.project,
            algorithm=spec.algorithm,
            model_id=spec.model_id,
            mode=row.mode,
            options=spec.options,
        )
    return running


def _renamed(session: Session, old: JobRow, spec: JobSpec) -> JobRow:
    """The same job under its new id; nothing refers to a job that is still being submitted."""
    kept = {column.key: getattr(old, column.key) for column in JobRow.__table__.columns}
    roles = [JobRoleRow(role=it.role, place=it.place, party=it.party, record=it.record) for it in old.roles]
    session.delete(old)
    session.flush()
    row = JobRow(**kept | {"id": spec.job_id, "spec": msgspec.to_builtins(spec)}, roles=roles)
    session.add(row)
    session.flush()
    return row
