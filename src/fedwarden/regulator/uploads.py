"""upload: every party checks and registers its own table in place; the project points to the newest registrations."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from fedwarden.common.api import Dataset, DatasetRequest
from fedwarden.common.errors import DeployError, UsageError
from fedwarden.regulator.deployments import current
from fedwarden.regulator.desk import Desk, shown, site_of
from fedwarden.regulator.names import check_name
from fedwarden.regulator.presence import check_present
from fedwarden.regulator.store import all_of, audit, now
from fedwarden.regulator.tables import JobRow, UploadRoleRow, UploadRow

Source = tuple[int, str]  # party id, path on that party's host


class TableForm(NamedTuple):
    """How the tables are written; the same at every party."""

    label: str = "y"
    id_column: str | None = None
    encoding: str | None = None
    missing: Literal["refuse", "mean"] = "refuse"


def upload(desk: Desk, project: str, guest: Source, hosts: list[Source], form: TableForm) -> list[Dataset]:
    """Datasets in the order guest, host1, host2 … (hosts by party id).

    Raises UsageError FW-USE-007, -012, -014, -019; DeployError FW-DEP-001, -004; DataError of the first table that is
    refused: then nothing is registered at any party.
    """
    check_name("project", project)
    for party, _ in [guest, *hosts]:
        if not 1 <= party <= 2**31 - 1:
            raise UsageError("FW-USE-007", found=party)
        if [other for other, _ in hosts].count(party) > 1:
            raise UsageError("FW-USE-014", party=party)
    ordered = [("guest", *guest), *((f"host{k}", *host) for k, host in enumerate(sorted(hosts), 1))]
    for role, party, path in ordered:
        if not path.startswith("/"):
            raise UsageError("FW-USE-012", path=path[:200], role=role, party=party)
    with desk.changing():
        with desk.store.begin() as session:
            row = current(session)
        check_present(row, [party for _, party, _ in ordered])
        for _, party, _ in ordered:
            if party not in {member.party for member in row.parties if member.party}:
                raise DeployError("FW-DEP-004", party=party, deployed=shown(row))
        engine, site = desk.engine(row.engine), site_of(row)
        site = desk.wake(site, engine)
        asked = [(party, _request(project, role, path, form)) for role, party, path in ordered]
        before, needed = _held(desk, row.id, project)
        found = engine.upload(site, asked, [dataset_id for _, dataset_id in before + needed])
        try:
            _store(desk, row.id, project, [(role, party) for role, party, _ in ordered], found)
        except BaseException:
            engine.forget(site, [(party, it.dataset_id) for (party, _), it in zip(asked, found, strict=True)])
            raise
        if done := [it for it in before if it not in needed]:
            engine.replaced(site, done)
    for dataset in found:
        desk.notices.extend(dataset.notices)
    return found


def _held(desk: Desk, deployment: str, project: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """(party, dataset id) of what the project points to now, and of what jobs that have not ended may read."""
    with desk.store.begin() as session:
        uploads = all_of(session, UploadRow, UploadRow.deployment_id == deployment, UploadRow.project == project)
        jobs = all_of(session, JobRow, JobRow.deployment_id == deployment, JobRow.project == project)
        read = {job.upload_id for job in jobs if job.state not in ("success", "failed")}
        return (
            [(it.party, it.dataset_id) for upload in uploads if upload.replaced is None for it in upload.roles],
            [(it.party, it.dataset_id) for upload in uploads if upload.id in read for it in upload.roles],
        )


def _request(project: str, role: str, path: str, form: TableForm) -> DatasetRequest:
    return DatasetRequest(
        project=project,
        role=role,
        path=path,
        label=form.label if role == "guest" else None,
        id_column=form.id_column,
        encoding=form.encoding,
        missing=form.missing,
    )


def _store(desk: Desk, deployment: str, project: str, roles: list[tuple[str, int]], found: list[Dataset]) -> None:
    with desk.store.begin() as session:
        for old in all_of(
            session,
            UploadRow,
            UploadRow.deployment_id == deployment,
            UploadRow.project == project,
            UploadRow.replaced.is_(None),
        ):
            # Its registrations stay at the parties: models and waiting jobs made from them still need them.
            old.replaced = now()
            desk.note("FW-NOTE-020", project=project, when=old.created)
        row = UploadRow(deployment_id=deployment, project=project, created=now(), replaced=None, roles=[])
        for place, ((role, party), dataset) in enumerate(zip(roles, found, strict=True)):
            row.roles.append(
                UploadRoleRow(
                    role=role,
                    place=place,
                    party=party,
                    dataset_id=dataset.dataset_id,
                    dataset=msgspec.to_builtins(dataset),
                )
            )
        session.add(row)
        tables = {f"{role}-{party}": it.sha256 for (role, party), it in zip(roles, found, strict=True)}
        audit(session, "upload", project, deployment=deployment, tables=tables)
