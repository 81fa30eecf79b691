"""What a version can do, asked before anything starts: a refusal says why and what to do instead."""

from __future__ import annotations

from fedwarden.common.api import JobSpec
from fedwarden.common.errors import DeployError, JobError, ModelError
from fedwarden.engines.base import Action, Site
from fedwarden.engines.fate.parties import party_of
from fedwarden.engines.fate.versions import Version


def require(version: Version, site: Site, action: Action, algorithm: str, hosts: list[int]) -> None:
    """Raises JobError FW-JOB-605 (no such algorithm), ModelError FW-MODEL-608 (no online prediction in this version),
    -609 (none for this algorithm), -610 (none for several hosts), DeployError FW-DEP-600, -602, -604."""
    if action == "delete":
        if any(party_of(member).attached for member in site.members):
            raise DeployError("FW-DEP-600", what="delete")
        return
    if action == "submit":
        if algorithm not in version.algorithms:
            raise JobError("FW-JOB-605", algorithm=algorithm, version=version.name, known=sorted(version.algorithms))
        return
    if version.serving is None:
        raise ModelError("FW-MODEL-608", version=version.name)
    if algorithm not in version.online:
        raise ModelError("FW-MODEL-609", algorithm=algorithm, known=sorted(version.online))
    if len(hosts) > 1:
        raise ModelError("FW-MODEL-610", hosts=hosts, first=min(hosts))


def check_options(version: Version, spec: JobSpec) -> None:
    """What depends on the parties. Raises JobError FW-JOB-606."""
    hosts = [peer.party for peer in spec.roles if peer.role.startswith("host")]
    rule = spec.options.get("early_stop")
    if len(hosts) > 1 and rule in ("diff", "abs"):
        raise JobError("FW-JOB-606", rule=rule, hosts=hosts)
