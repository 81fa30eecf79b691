"""What an engine does with a model apart from publishing it: scoring whole tables, handing a part of it out."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from fedwarden.common.errors import JobError, ModelError, UsageError
from fedwarden.engines.base import Engine, Site
from fedwarden.engines.fate.engine import FateEngine
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.following import find_job, query, site_for, spec_of
from fedwarden.regulator.store import all_of, audit
from fedwarden.regulator.submitting import check_tables, upload_of
from fedwarden.regulator.tables import JobRow, UploadRow


class Scored(NamedTuple):
    """``table``: where the guest's FATE keeps the rows; ``content``: the rows (tar.gz) when they were asked for."""

    job_id: str
    rows: int
    table: str
    content: bytes


def predict(desk: Desk, version: str, project: str, *, fetch: bool = False) -> Scored:
    """Scores the tables of ``project`` with the model of job ``version``; returns when it is done.

    Raises UsageError FW-USE-605 (the engine does not do that); JobError FW-JOB-001, -002, -601, -603, -604, -607 (other
    parties than the training's); ModelError FW-MODEL-206, -207; LinkError.
    """
    row, engine, site = _trained(desk, version, "job predict")
    spec = spec_of(row)
    with desk.changing():
        with desk.store.begin() as session:
            found = all_of(session, UploadRow, UploadRow.deployment_id == row.deployment_id)
        upload = upload_of(found, project)
        wanted = {peer.role: peer.party for peer in spec.roles if peer.role != "arbiter"}
        if {role.role: role.party for role in upload.roles} != wanted:
            raise JobError("FW-JOB-607", project=project, job=version)
        check_tables(engine, site, row.algorithm, upload)
        with desk.store.begin() as session:
            audit(session, "job predict", version, project=project)
    tables = {role.role: role.dataset_id for role in upload.roles}
    done = engine.batch_predict(site, replace(spec, role_datasets=tables), row.details["fate"])
    content = engine.output_rows(site, spec, done.job_id) if fetch else b""
    return Scored(done.job_id, done.rows, done.table, content)


def export(desk: Desk, version: str, party: int, role: str = "") -> bytes:
    """One party's part of a model. Raises what ``predict`` raises; UsageError FW-USE-606 (no such part)."""
    row, engine, site = _trained(desk, version, "model export")
    spec = spec_of(row)
    parts = [peer for peer in spec.roles if peer.role != "arbiter" and peer.party == party]
    parts = [peer for peer in parts if not role or peer.role.startswith(role)]
    if len(parts) != 1:
        held = [f"{peer.role} ({peer.party})" for peer in spec.roles if peer.role != "arbiter"]
        raise UsageError("FW-USE-606", party=party, held=held)
    with desk.store.begin() as session:
        audit(session, "model export", version, party=party, role=parts[0].role)
    return engine.model_file(site, spec, row.details["fate"], parts[0])


def _trained(desk: Desk, version: str, what: str) -> tuple[JobRow, FateEngine, Site]:
    row = find_job(desk, version)
    engine: Engine
    engine, site = site_for(desk, row)
    if not isinstance(engine, FateEngine):
        raise UsageError("FW-USE-605", what=what, engine=engine.name)
    if row.algorithm == "example":
        raise ModelError("FW-MODEL-207", job=version)
    seen = query(desk, version)
    if seen.state != "success":
        raise ModelError("FW-MODEL-206", job=version, state=seen.state)
    return seen.row, engine, site
