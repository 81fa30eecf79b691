"""What a FATE deployment is to be, party by party. Pure data: kept in the store, without secrets.

A party's cluster is two Compose projects, ``confs-<id>`` (training) and ``serving-<id>`` (online prediction), that
share one network of its own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from fedwarden.common.errors import DeployError
from fedwarden.engines.fate.versions import Version, version

#: Networks of clusters are cut out of this one unless the operator names another: private (RFC 1918).
POOL = "10.201.0.0/16"
#: A network for a few dozen containers.
PREFIX = 24
#: The second party of one host listens this much higher than the first, the third twice as much.
STEP = 1000


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where a cluster listens on its host. ``rollsite`` and ``peer`` (FATE-Serving) are for other parties; all others
    are bound to the host's loopback unless the operator opens them."""

    rollsite: int = 9370
    peer: int = 8869
    flow: int = 9380
    inference: int = 8059
    board: int = 8080
    notebook: int = 20000
    admin: int = 8350

    def moved(self, by: int) -> Ports:
        return Ports(**{name: getattr(self, name) + by for name in self.__struct_fields__})


PUBLIC = ("rollsite", "peer")
#: What the operator may open to other machines, at the own risk: none of it asks who is there.
OPENABLE = ("flow", "inference", "board", "notebook", "admin")


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One party. ``place`` is ``user@host:port`` of its SSH server, empty for this machine. ``root`` is its folder on
    the host (``~`` at the front: below the user's own). ``bind`` is what its public ports listen on. The last two are
    found out at the host (``resolved``) and never change afterwards."""

    party: int
    address: str
    place: str
    root: str
    ports: Ports
    subnet: str = ""
    bind: str = ""

    @property
    def shown(self) -> str:
        """The host as people know it."""
        return self.place.rpartition("@")[2] or "this machine"

    @property
    def training(self) -> str:
        return f"confs-{self.party}"

    @property
    def serving(self) -> str:
        return f"serving-{self.party}"

    @property
    def network(self) -> str:
        return f"confs-{self.party}_fate-network"

    def fixed_address(self, last: int) -> str:
        """The address of one container that must not move."""
        return str(ipaddress.IPv4Network(self.subnet)[last])


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``registry`` stands before every image's name. ``arbiter`` 0: chosen for each job."""

    release: str
    clusters: list[Cluster]
    pool: str = POOL
    registry: str = ""
    opened: list[str] = []
    notebook: bool = False
    arbiter: int = 0
    start_seconds: int = 600

    @property
    def version(self) -> Version:
        return version(self.release)

    def cluster(self, party: int) -> Cluster:
        return next(cluster for cluster in self.clusters if cluster.party == party)

    def others(self, party: int) -> list[Cluster]:
        return [cluster for cluster in self.clusters if cluster.party != party]

    def image(self, name: str) -> str:
        """An image's full name. With a registry, those of others (mysql, redis) stand below federatedai/ there, as
        KubeFATE's own mirror has them."""
        if not self.registry:
            return name
        return f"{self.registry.rstrip('/')}/{name if '/' in name else f'federatedai/{name}'}"

    def images(self) -> list[str]:
        """Every image that one party needs."""
        wanted = [it.image for it in self.version.services if self.notebook or it.name != "client"]
        return sorted({self.image(name) for name in wanted})

    def listening(self, party: int) -> dict[str, int]:
        """Name → port of everything that a cluster publishes on its host."""
        names = ["rollsite", "peer", "flow", "inference", "board"]
        names += ["notebook"] if self.notebook else []
        names += ["admin"] if any(it.name == "serving-admin" for it in self.version.services) else []
        ports = self.cluster(party).ports
        return {name: getattr(ports, name) for name in names}


def folder(user: str, party: int) -> str:
    """Where a party's cluster lives on a host that is logged into as ``user``."""
    return f"/opt/fedwarden/fate/party-{party}" if user == "root" else f"~/.fedwarden/fate/party-{party}"


def clusters(parties: Sequence[tuple[int, str, str]], here: str) -> list[Cluster]:
    """One for each (id, address, place), lowest id first; ``here`` is this machine's user. Ids that share a host get
    ports of their own. Raises DeployError FW-DEP-673: others cannot reach a loopback."""
    found: list[Cluster] = []
    for party, address, place in sorted(parties):
        if address.startswith("127.") and len(parties) > 1:
            raise DeployError("FW-DEP-673", ip=address)
        before = sum(other.place == place for other in found)
        root = folder(place.partition("@")[0] or here, party)
        ports = Ports().moved(STEP * before)
        found.append(Cluster(party=party, address=address, place=place, root=root, ports=ports))
    return found


def resolved(plan: Plan, taken: dict[int, list[str]], addresses: dict[int, list[str]]) -> Plan:
    """With a network and a listening address for every cluster that has none yet; ``taken`` are the networks and
    ``addresses`` the addresses of each party's host. Raises DeployError FW-DEP-651."""
    fresh = [it for it in plan.clusters if not it.subnet]
    cut = subnets(plan.pool, [taken[it.party] for it in fresh])
    networks = {it.party: subnet for it, subnet in zip(fresh, cut, strict=True)}
    whole = []
    for it in plan.clusters:
        # behind a NAT the host has not got the address that the others use
        bind = it.bind or (it.address if it.address in addresses[it.party] else "0.0.0.0")  # noqa: S104
        whole.append(replace(it, subnet=it.subnet or networks[it.party], bind=bind))
    return replace(plan, clusters=whole)


def check(plan: Plan) -> None:
    """Raises DeployError FW-DEP-650 (not deployable), -651 (pool or networks), -652 (an unknown port to open)."""
    if not plan.version.deployable:
        raise DeployError("FW-DEP-650", release=plan.release)
    for name in plan.opened:
        if name not in OPENABLE:
            raise DeployError("FW-DEP-652", found=name[:40], known=list(OPENABLE))
    subnets(plan.pool, [])


def subnets(pool: str, taken: Sequence[Iterable[str]]) -> list[str]:
    """One network for each entry of ``taken`` (what its host uses already), no two alike.

    Raises DeployError FW-DEP-651: the pool is no private IPv4 network, or has no room that all hosts leave free.
    """
    try:
        whole = ipaddress.IPv4Network(pool)
    except ValueError:
        raise DeployError("FW-DEP-651", pool=pool[:40], why="not an IPv4 network") from None
    private = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
    if not any(whole.subnet_of(one) for one in private):
        raise DeployError("FW-DEP-651", pool=pool, why="not private (RFC 1918)")
    candidates = [whole] if whole.prefixlen >= PREFIX else whole.subnets(new_prefix=PREFIX)
    found: list[str] = []
    free = iter(candidates)
    for used in taken:
        blocked = [ipaddress.IPv4Network(text, strict=False) for text in used]
        for one in free:
            hit = next((other for other in blocked if one.overlaps(other)), None)
            if hit is None:
                found.append(str(one))
                break
        else:
            why = ", ".join(str(one) for one in blocked if one.overlaps(whole)) or "used up"
            raise DeployError("FW-DEP-651", pool=pool, why=why)
    return found
