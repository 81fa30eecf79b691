"""load_bind: a service name for a finished model; ``published.json`` tells a prediction whom to ask."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from fedwarden.common.api import BindRequest
from fedwarden.common.errors import FedwardenError, JobError, ModelError
from fedwarden.common.files import write_atomic
from fedwarden.engines.base import Engine
from fedwarden.engines.ways import control_way
from fedwarden.regulator.desk import Desk, site_of
from fedwarden.regulator.following import find_job, query, site_for, spec_of
from fedwarden.regulator.names import check_name
from fedwarden.regulator.store import all_of, audit, now
from fedwarden.regulator.tables import BindingRow, DeploymentRow, JobRow, ModelRow, UploadRow


def load_bind(desk: Desk, model_id: str | None, version: str, name: str, probe: str | None = None) -> str | None:
    """Binds ``name`` at every party of the model; the version that was bound before, if any.

    ``model_id`` None: whatever the version's is. Raises UsageError FW-USE-019; ModelError FW-MODEL-206 … -209; what an
    agent refuses: then no party keeps the new binding.
    """
    check_name("name", name)
    try:
        row = find_job(desk, version)
    except JobError:
        raise ModelError("FW-MODEL-208", model_id=(model_id or "-")[:200], version=version[:40]) from None
    if model_id is not None and row.model_id != model_id:
        raise ModelError("FW-MODEL-208", model_id=model_id[:200], version=version)
    if row.algorithm == "example":
        raise ModelError("FW-MODEL-207", job=version)
    with desk.store.begin() as session:
        model = session.get(ModelRow, version)
    if model is not None and model.deleted:
        raise ModelError("FW-MODEL-209", version=version)
    seen = query(desk, version)
    if seen.state != "success":
        raise ModelError("FW-MODEL-206", job=version, state=seen.state)
    with desk.changing():
        engine, site = site_for(desk, row)
        engine.require(
            site, "load_bind", row.algorithm, [it.party for it in spec_of(row).roles if it.role[:4] == "host"]
        )
        site = desk.wake(site, engine)
        # The arbiter keeps no part of a model.
        parties = sorted({peer.party for peer in spec_of(row).roles if peer.role != "arbiter"})
        with desk.store.begin() as session:
            lookup = _lookup(session, row)
        asked = BindRequest(name=name, model_id=row.model_id, model_version=version, lookup=lookup, probe=probe)
        try:
            engine.load_bind(site, parties, asked)
        except FedwardenError:
            _bind_old(desk, engine, name)
            raise
        with desk.store.begin() as session:
            before = session.get(BindingRow, name)
            old = before.version if before is not None else None
            if before is None:
                session.add(BindingRow(name=name, version=version, bound=now()))
            else:
                desk.note("FW-NOTE-022", name=name, version=old, model_id=session.get_one(ModelRow, old).model_id)
                before.version, before.bound = version, now()
            audit(session, "load_bind", name, version=version, before=old)
        write_published(desk)
    return old


def _lookup(session: Session, job: JobRow) -> str:
    """What the first host's table calls its ids."""
    roles = session.get_one(UploadRow, job.upload_id).roles
    return next((str(role.dataset["id_column"]) for role in roles if role.role.startswith("host")), "")


def _bind_old(desk: Desk, engine: Engine, name: str) -> None:
    """A name whose new binding failed answers with the old model again, where the engine had let go of it already."""
    with desk.store.begin() as session:
        binding = session.get(BindingRow, name)
        job = session.get(JobRow, binding.version) if binding is not None else None
        deployment = session.get_one(DeploymentRow, job.deployment_id) if job is not None else None
        lookup = _lookup(session, job) if job is not None else ""
    if job is None or deployment is None or deployment.engine != engine.name or engine.name == "native":
        return  # native agents take a failed binding back themselves
    old = BindRequest(name=name, model_id=job.model_id, model_version=job.id, lookup=lookup)
    parties = sorted({peer.party for peer in spec_of(job).roles if peer.role != "arbiter"})
    with contextlib.suppress(FedwardenError):
        engine.load_bind(site_of(deployment), parties, old)


def write_published(desk: Desk) -> None:
    """Derives ``published.json`` from the store; written only when it says something else. Nothing bound, no file."""
    with desk.store.begin() as session:
        services = {row.name: _service(session, row) for row in all_of(session, BindingRow)}
    data = msgspec.json.format(msgspec.json.encode({"services": services}), indent=1)
    path = desk.places.published
    if not services:
        path.unlink(missing_ok=True)
    elif (path.read_bytes() if path.exists() else None) != data:
        write_atomic(path, data)


def _service(session: Session, binding: BindingRow) -> dict[str, Any]:
    job = session.get_one(JobRow, binding.version)
    guest = next(peer for peer in spec_of(job).roles if peer.role == "guest")
    site = site_of(session.get_one(DeploymentRow, job.deployment_id))
    member = site.member(guest.party)
    table = next(role for role in session.get_one(UploadRow, job.upload_id).roles if role.role == "guest")
    own = {}
    if session.get_one(DeploymentRow, job.deployment_id).engine == "fate":
        host = next(peer.party for peer in spec_of(job).roles if peer.role == "host1")
        lookup = site.member(host).details.get("lookup") or _lookup(session, job)
        details = member.details
        own = {"fate": {"serving": details["serving"], "lookup": lookup}}
        own["fate"] |= {name: details[name] for name in ("ssh", "login") if details.get(name)}
    return {
        **own,
        "deployment": job.deployment_id,
        "model_id": job.model_id,
        "model_version": job.id,
        "algorithm": job.algorithm,
        "guest": guest.party,
        "host": control_way(member)[0],
        "port": control_way(member)[1],
        "fingerprint": member.fingerprint,
        "features": table.dataset["features"],
    }
