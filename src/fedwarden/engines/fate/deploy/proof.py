"""What shows that new clusters work together: FATE itself adds numbers securely, between each pair of parties."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from fedwarden.common.api import JobPeer, JobSpec, Role
from fedwarden.common.errors import DeployError, FedwardenError
from fedwarden.engines.base import Engine, Site

#: A job of FATE starts a process for each component and role.
JOB_SECONDS = 300.0
EVERY_SECONDS = 0.5


def prove(engine: Engine, site: Site, say: Callable[..., None]) -> None:
    """One job for each pair; a single party adds with itself. Raises DeployError FW-DEP-674 with the first cause."""
    parties = [member.party for member in site.members]
    for guest, host in list(itertools.combinations(parties, 2)) or [(parties[0], parties[0])]:
        say("FW-SAY-658", guest=guest, host=host)
        try:
            _run(engine, site, guest, host)
        except DeployError:
            raise
        except FedwardenError as error:
            raise DeployError("FW-DEP-674", parties=[guest, host], why=error.message()) from error


def _run(engine: Engine, site: Site, guest: int, host: int) -> None:
    roles: list[tuple[Role, int]] = [("guest", guest), ("host1", host)]
    roles.append(("arbiter", engine.arbiter(site, guest, [host])))
    peers = [
        JobPeer(role=role, party=party, host=site.member(party).host, data_port=0, fingerprint="")
        for role, party in roles
    ]
    spec = JobSpec(
        job_id=f"deploy-{uuid.uuid4().hex[:16]}",
        project="deploy",
        algorithm="example",
        options=engine.options(site, "example", {}),
        roles=peers,
        role_datasets={},
        model_id="",
        privacy=engine.privacy,
        created=datetime.now(UTC).isoformat(),
    )
    spec = replace(spec, job_id=engine.submit(site, spec).job_id)
    end = time.monotonic() + JOB_SECONDS
    while True:
        found = engine.query(site, spec)
        for answer in found:
            if isinstance(answer, FedwardenError):
                raise answer
        statuses = [answer for answer in found if not isinstance(answer, FedwardenError)]
        failed = next((status for status in statuses if status.state == "failed"), None)
        if failed is not None:
            why = FedwardenError.from_dict(failed.cause).message() if failed.cause else failed.role
            raise DeployError("FW-DEP-674", parties=[guest, host], why=why)
        if all(status.state == "success" for status in statuses):
            return
        if time.monotonic() > end:
            engine.stop(site, spec, "FW-JOB-101")
            waiting = ", ".join(f"{it.role} ({it.party}, {it.state})" for it in statuses if it.state != "success")
            raise DeployError("FW-DEP-674", parties=[guest, host], why=f"> {JOB_SECONDS:g} s: {waiting}")
        time.sleep(EVERY_SECONDS)
