"""What people look at: jobs, models, deployments."""

from __future__ import annotations

from typing import Any

from fedwarden.common.errors import JobError
from fedwarden.engines.base import Site
from fedwarden.regulator.deployments import current, deployed
from fedwarden.regulator.desk import Desk, addresses, shown, site_of
from fedwarden.regulator.following import query, view
from fedwarden.regulator.merge import ENDED
from fedwarden.regulator.store import all_of
from fedwarden.regulator.tables import BindingRow, DeploymentRow, JobRow, ModelRow


def jobs(desk: Desk) -> list[dict[str, Any]]:
    """Every job, newest first; those that have not ended are asked for."""
    if not desk.places.store.exists():
        return []
    with desk.store.begin() as session:
        rows = all_of(session, JobRow, order=JobRow.id.desc())
    out = []
    for row in rows:
        seen = view(row) if row.complete or row.state in ENDED else query(desk, row.id)
        out.append(
            {
                "job_id": row.id,
                "project": row.project,
                "algorithm": row.algorithm,
                "model_id": row.model_id,
                "state": seen.state,
                "created": row.created,
                "ended": seen.row.ended,
            }
        )
    return out


def models(desk: Desk) -> list[dict[str, Any]]:
    """Every model whose parts still stand at the parties, newest first, with the names bound to it."""
    if not desk.places.store.exists():
        return []
    with desk.store.begin() as session:
        rows = all_of(session, JobRow, JobRow.complete.is_(False))
    for row in rows:  # a training that ended meanwhile made a model nobody has asked about yet
        query(desk, row.id)
    with desk.store.begin() as session:
        found = all_of(session, ModelRow, ModelRow.deleted.is_(None), order=ModelRow.version.desc())
        bound = all_of(session, BindingRow, order=BindingRow.name)
        projects = {row.id: row.project for row in all_of(session, JobRow)}
    return [
        {
            "model_id": row.model_id,
            "model_version": row.version,
            "project": projects[row.version],
            "algorithm": row.algorithm,
            "created": row.created,
            "names": [binding.name for binding in bound if binding.version == row.version],
        }
        for row in found
    ]


def deployments(desk: Desk) -> list[dict[str, Any]]:
    """What is deployed, oldest first, the current one marked."""
    if not desk.places.store.exists():
        return []
    with desk.store.begin() as session:
        rows = deployed(session)
        chosen = current(session).id if rows else ""
    return [
        {
            "deployment": row.id,
            "parties": {str(party): ip for party, ip in addresses(row).items()},
            "shown": shown(row),
            "current": row.id == chosen,
        }
        for row in rows
    ]


def wake_deployment(desk: Desk, deployment: str) -> Site:
    """Starts the dead local agents of a deployment: for a prediction that did not get through."""
    with desk.store.begin() as session:
        row = session.get(DeploymentRow, deployment)
    if row is None or row.state != "deployed":
        raise JobError("FW-JOB-004")
    site = site_of(row)
    with desk.changing():
        return desk.wake(site, desk.engine(row.engine))
