"""One role's view of its job: what the parts of a worker hand to each other."""

from __future__ import annotations

from pathlib import Path

import structlog

from fedwarden.common.api import JobSpec, Role
from fedwarden.party.jobs.status import StatusFile
from fedwarden.transport.mesh import Mesh


class RoleJob:
    """What an algorithm may use: the job's text, its own role, the channels, and the record it writes."""

    def __init__(self, home: Path, spec: JobSpec, role: Role, mesh: Mesh, status: StatusFile) -> None:
        self.home = home
        self.spec = spec
        self.role = role
        self.mesh = mesh
        self.status = status
        self.party = next(peer.party for peer in spec.roles if peer.role == role)
        self.data_roles = [peer.role for peer in spec.roles if peer.role != "arbiter"]
        self.others = [peer.role for peer in spec.roles if peer.role != role]
        self.log = structlog.get_logger().bind(job=spec.job_id, role=role, party=self.party)
