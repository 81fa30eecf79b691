"""Whether a host can carry a party's cluster, judged before anything is touched there."""

from __future__ import annotations

import ipaddress

from fedwarden.common.api import Notice
from fedwarden.common.errors import DeployError
from fedwarden.engines.fate.deploy.facts import Facts
from fedwarden.engines.fate.deploy.plan import Cluster, Plan

GIB = 1 << 30
#: FATE's own advice for one party is 8 GiB and more; below this the Java services alone do not start.
LEAST_MEMORY = 6 * GIB
ADVISED_MEMORY = 16 * GIB
#: The containers' own writing; images that have to be loaded come on top.
LEAST_DISK = 4 * GIB
#: Jobs are ordered by time, and certificates of the SSH layer are not the only thing that breaks: FATE compares stamps.
LARGEST_SKEW = 30.0


class Needs:
    """What is asked of a host; tests on small machines ask for less."""

    def __init__(self, memory: int = LEAST_MEMORY, disk: int = LEAST_DISK) -> None:
        self.memory, self.disk = memory, disk


def judge(plan: Plan, cluster: Cluster, facts: Facts, needs: Needs, shown: str, owner: str) -> list[Notice]:
    """Warnings. Raises DeployError FW-DEP-653 … -662, -675, the first that stands in the way; ``shown`` names the host,
    ``owner`` is whom what is ours there belongs to.

    Images are looked at apart (``images.missing``), when what is missing may have been brought.
    """
    if facts.docker_error:
        why = {"absent": "the docker command is not installed"}.get(facts.docker_error, facts.docker_error)
        raise DeployError("FW-DEP-653", host=shown, user=facts.user, why=why)
    if not facts.compose:
        raise DeployError("FW-DEP-654", host=shown)
    if facts.missing_tools:
        raise DeployError("FW-DEP-655", host=shown, tools=facts.missing_tools)
    if not facts.writable:
        raise DeployError("FW-DEP-656", host=shown, folder=facts.folder, user=facts.user)
    if facts.current and facts.owner != owner:
        raise DeployError("FW-DEP-675", host=shown, party=cluster.party, folder=facts.folder)
    if facts.database == "foreign":
        raise DeployError("FW-DEP-657", host=shown, folder=facts.folder, party=cluster.party)
    if abs(facts.clock_offset) > LARGEST_SKEW:
        raise DeployError("FW-DEP-658", host=shown, seconds=f"{facts.clock_offset:+.0f}", most=LARGEST_SKEW)
    if facts.memory < needs.memory:
        raise DeployError("FW-DEP-659", host=shown, found=_gib(facts.memory), need=_gib(needs.memory))
    for folder, room in ((facts.folder, facts.disk), ("Docker", facts.docker_disk)):
        if room < needs.disk:
            raise DeployError("FW-DEP-660", host=shown, folder=folder, found=_gib(room), need=_gib(needs.disk))
    _ports(plan, cluster, facts, shown, owner)
    _subnet(cluster, facts, shown)
    return _warnings(plan, cluster, facts, shown)


def _ports(plan: Plan, cluster: Cluster, facts: Facts, shown: str, owner: str) -> None:
    own = (cluster.training, cluster.serving) if facts.owner == owner else ()
    for name, port in plan.listening(cluster.party).items():
        holder = facts.holders.get(port)
        if holder is not None and holder.project not in own:
            raise DeployError("FW-DEP-661", host=shown, port=port, name=name, holder=holder.name)


def _subnet(cluster: Cluster, facts: Facts, shown: str) -> None:
    subnet = ipaddress.IPv4Network(cluster.subnet)
    for name, subnets in facts.networks.items():
        for text in subnets:
            if name != cluster.network and ipaddress.ip_network(text, strict=False).overlaps(subnet):
                raise DeployError("FW-DEP-662", host=shown, subnet=cluster.subnet, other=f"{name} {text}")
    own = facts.networks.get(cluster.network, [])
    for text, through in facts.routes:
        if text not in own and ipaddress.ip_network(text, strict=False).overlaps(subnet):
            raise DeployError("FW-DEP-662", host=shown, subnet=cluster.subnet, other=f"{text} {through}")


def _warnings(plan: Plan, cluster: Cluster, facts: Facts, shown: str) -> list[Notice]:
    found = []
    if facts.memory < ADVISED_MEMORY:
        params = {"host": shown, "found": _gib(facts.memory), "advised": _gib(ADVISED_MEMORY)}
        found.append(Notice("FW-NOTE-650", params))
    if not facts.avx:
        found.append(Notice("FW-NOTE-651", {"host": shown}))
    if not facts.firewall and plan.others(cluster.party):
        ports = [cluster.ports.rollsite, cluster.ports.peer]
        found.append(Notice("FW-NOTE-652", {"host": shown, "user": facts.user, "ports": ports}))
    return found


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
