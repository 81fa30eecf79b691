"""What a host is to FATE, as data; told by look.sh."""

from __future__ import annotations

import time

import msgspec

from fedwarden.engines.fate.deploy import commands
from fedwarden.engines.fate.deploy.plan import Cluster, Plan
from fedwarden.remote.local import Host


class Holder(msgspec.Struct, frozen=True):
    """Who listens on a port: a container and its Compose project, or a program of the host."""

    name: str
    project: str = ""


class Facts(msgspec.Struct, kw_only=True):
    """Sizes in bytes, ``clock_offset`` in seconds (the host's clock minus ours)."""

    folder: str = ""
    user: str = ""
    uid: int = -1
    memory: int = 0
    disk: int = 0
    docker_disk: int = 0
    avx: bool = False
    firewall: bool = False
    systemd: bool = False
    writable: bool = False
    missing_tools: list[str] = []
    addresses: list[str] = []
    routes: list[tuple[str, str]] = []  # (network, device or gateway)
    networks: dict[str, list[str]] = {}  # Docker's, by name
    docker: str = ""
    docker_error: str = ""
    compose: str = ""  # "v1", "v2" or none
    images: dict[str, str] = {}
    holders: dict[int, Holder] = {}
    current: str = ""  # the release that was verified last
    owner: str = ""  # which deployment of which regulator the folder belongs to
    rules: bool = False  # the firewall's rules are in force
    secrets: bool = False
    database: str = ""  # "", "ours", "foreign"
    clock: float = 0.0
    clock_offset: float = 0.0

    def taken(self, cluster: Cluster) -> list[str]:
        """Networks of this host that a cluster of ours may not overlap with; its own from before is none of them."""
        own = self.networks.get(cluster.network, [])
        docker = [subnet for subnets in self.networks.values() for subnet in subnets]
        return [net for net in {*docker, *(net for net, _ in self.routes)} if net not in own]


async def gather(host: Host, plan: Plan, cluster: Cluster) -> Facts:
    """Raises RemoteError when the host does not answer."""
    begin = time.time()
    facts = parse((await host.run(commands.look(plan, cluster))).text)
    # the clock is read in the middle of nothing: what is more than the whole call apart is apart indeed
    end = time.time()
    if facts.clock:
        late, early = facts.clock - end, facts.clock - begin
        facts.clock_offset = late if late > 0 else early if early < 0 else 0.0
    return facts


def parse(text: str) -> Facts:
    facts = Facts()
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        words = value.split()
        if name in ("folder", "user", "docker", "docker_error", "current", "owner", "database"):
            setattr(facts, name, value.strip())
        elif name in ("firewall", "rules", "systemd", "writable", "secrets"):
            setattr(facts, name, value == "yes")
        elif name == "cpu":
            facts.avx = value == "avx"
        elif name in ("memory_kb", "disk_kb", "docker_disk_kb") and value.isdigit():
            setattr(facts, name.removesuffix("_kb"), int(value) * 1024)
        elif name == "uid" and value.isdigit():
            facts.uid = int(value)
        elif name == "clock" and value.replace(".", "", 1).isdigit():
            facts.clock = float(value)
        elif words:
            _listed(facts, name, words)
    return facts


def _listed(facts: Facts, name: str, words: list[str]) -> None:
    if name == "no_tool":
        facts.missing_tools.append(words[0])
    elif name == "address":
        facts.addresses.append(words[0])
    elif name == "compose":
        facts.compose = words[0]
    elif name == "route" and len(words) == 2:
        facts.routes.append((words[0], words[1]))
    elif name == "image" and len(words) == 2:
        facts.images[words[0]] = words[1]
    elif name == "network" and len(words) == 2:
        facts.networks.setdefault(words[0], []).append(words[1])
    elif name == "container_port" and len(words) == 3 and words[0].isdigit():
        facts.holders[int(words[0])] = Holder(words[1], words[2].strip("-"))
    elif name == "listen" and len(words) > 1 and words[0].isdigit():
        shown = f"{words[1]} ({words[2]})" if len(words) == 3 else "?"
        facts.holders.setdefault(int(words[0]), Holder(shown))
