"""The proof at the end of a deploy: all agents add numbers securely together."""

from __future__ import annotations

import time

from msgspec.structs import replace

from fedwarden.common.api import JobSpec
from fedwarden.common.errors import DeployError, FedwardenError
from fedwarden.engines import ways
from fedwarden.engines.base import Engine, Site
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.merge import first_cause
from fedwarden.regulator.store import now

CHECK_SECONDS = 90.0
#: Some party's own policy, or a peer that it has not confirmed yet: no fault of the deployment.
_FORBIDDEN = ("FW-JOB-520", "FW-ID-520", "FW-STATE-520")


def prove(desk: Desk, engine: Engine, site: Site, job_id: str) -> dict[str, object]:
    """As :func:`check_together`. Where some party's own policy forbids the addition it is left out, a notice says so,
    and the answer is empty."""
    try:
        return check_together(engine, site, job_id)
    except DeployError as error:
        cause = error.__cause__
        if not isinstance(cause, FedwardenError) or cause.code not in _FORBIDDEN:
            raise
        desk.note("FW-NOTE-740", why=cause.message())
        return {}


def check_together(engine: Engine, site: Site, job_id: str) -> dict[str, object]:
    """A secure addition between all agents: the guest's result. Raises DeployError FW-DEP-009, -010."""
    parties = [member.party for member in site.members if member.party]
    # One party alone adds with itself; the arbiter's agent takes part in any case.
    roles = {"guest": parties[0]}
    hosts = parties[1:] or parties
    roles |= {f"host{k}": party for k, party in enumerate(hosts, 1)}
    roles["arbiter"] = 0 if engine.own_arbiter else engine.arbiter(site, parties[0], hosts)
    spec = JobSpec(
        job_id=job_id,
        project="deploy",
        algorithm="example",
        options=engine.options(site, "example", {}),
        roles=ways.job_peers(site, roles),
        role_datasets={},
        model_id="",
        privacy="sealed",
        created=now(),
        relay=ways.relay_place(site),
    )
    try:
        spec = replace(spec, job_id=engine.submit(site, spec).job_id)
        end = time.monotonic() + CHECK_SECONDS
        while True:
            found = engine.query(site, spec)
            lost = next((answer for answer in found if isinstance(answer, FedwardenError)), None)
            if lost is not None:
                raise lost
            statuses = [answer for answer in found if not isinstance(answer, FedwardenError)]
            if any(status.state == "failed" for status in statuses):
                cause = first_cause(statuses)
                raise FedwardenError.from_dict(cause or {})
            waiting = [f"{s.role} ({s.party}, {s.phase or s.state})" for s in statuses if s.state != "success"]
            if not waiting:
                return next(status.result for status in statuses if status.role == "guest")
            if time.monotonic() > end:
                engine.stop(site, spec, "FW-JOB-101")
                raise DeployError("FW-DEP-009", seconds=round(CHECK_SECONDS), waiting=waiting)
            time.sleep(0.05)
    except DeployError:
        raise
    except FedwardenError as error:
        raise DeployError("FW-DEP-010", why=error.message()) from error
