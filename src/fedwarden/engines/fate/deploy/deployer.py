"""Clusters of one deployment: made, brought to another plan, taken away; what the regulator keeps of them."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from fedwarden.common.errors import UsageError
from fedwarden.engines.base import Member, Site
from fedwarden.engines.fate.deploy import images, plan, removal
from fedwarden.engines.fate.deploy.plan import Cluster, Plan
from fedwarden.engines.fate.deploy.rollout import Outcome, Rollout
from fedwarden.engines.fate.parties import FateParty, details_of
from fedwarden.remote.access import Access
from fedwarden.remote.command import Command, Output
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.hostkeys import HostKeys
from fedwarden.remote.local import HERE, Host, LocalSession

T = TypeVar("T")
Note = Callable[..., None]


class Wishes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked beyond ids and addresses: by ``fate:`` in fedwarden.yaml, and by words, which go before it and are
    kept in the deployment's plan."""

    version: str = "1.4.4"
    registry: str = ""
    subnets: str = plan.POOL
    open: list[str] = []
    notebook: bool = False
    arbiter: int = 0
    start_seconds: int = 600


def wishes_of(site: Site) -> Wishes:
    """Raises UsageError FW-USE-652 when something else stands there, or parties want different things."""
    told = [member.details.get("fate", {}) for member in site.members]
    if any(other != told[0] for other in told):
        raise UsageError("FW-USE-652", why="fate: differs between parties")
    return wishes_from({**told[0], **site.plan.get("fate", {})})


def wishes_from(told: dict[str, Any]) -> Wishes:
    """Raises UsageError FW-USE-652."""
    try:
        return msgspec.convert(told, Wishes)
    except msgspec.ValidationError as error:
        raise UsageError("FW-USE-652", why=str(error)) from None


def check_wishes(wishes: Wishes) -> None:
    """What can be judged without a host. Raises DeployError FW-DEP-601, -650, -651, -652."""
    plan.check(Plan(release=wishes.version, clusters=[], pool=wishes.subnets, opened=wishes.open))


class Deployer:
    """``home`` is the regulator's folder, ``access`` what hosts are logged into with. ``say`` tells a person at once,
    ``note`` in the end."""

    def __init__(self, home: Path, access: Callable[[], Access], say: Note, note: Note) -> None:
        self._home, self._access = home, access
        self._say, self._note = say, note
        self._nothing_left: set[str] = set()  # deployments of which this run knows that no host has anything
        self._open = contextlib.ExitStack()
        self._fleets: dict[str, Fleet] = {}

    def deploy(self, site: Site, archive: str, check: Callable[[Site], None]) -> tuple[Site, list[int]]:
        """The site with every member's details, and the parties where something was changed.

        ``archive`` holds images for hosts that lack them (empty: none). ``check`` gets the site when all clusters are
        up. Raises what ``Rollout.run`` raises; UsageError FW-USE-650;
        DeployError FW-DEP-650, -651, -652, -673.
        """
        if not any(_known(member) for member in site.members):
            self._nothing_left.add(site.deployment)
        wanted = self.plan(site)
        check_wishes(wishes_of(site))
        brought = images.archive_of(archive)
        if wanted.opened:
            self._note("FW-NOTE-658", services=wanted.opened)
        run = Rollout(
            wanted,
            self._owner(site),
            self._say,
            self._note,
            archive=brought,
            check=lambda outcome: check(filled(site, outcome)),
        )
        try:
            with self._hosts(site, wanted) as (fleet, hosts):
                fleet.require_all()
                outcome = fleet.gather(lambda sessions: run.run({**hosts, **sessions}))
        finally:
            if run.begun and not run.clean:
                self._nothing_left.discard(site.deployment)
        return filled(site, outcome), outcome.changed

    def delete(self, site: Site, *, purge: bool) -> None:
        """Notes what was kept, and how it is destroyed. Raises RemoteError when a host cannot be reached."""
        if site.deployment in self._nothing_left:
            return
        wanted = self.plan(site)
        owner = self._owner(site)
        with self._hosts(site, wanted) as (fleet, hosts):
            fleet.require_all()
            kept = fleet.gather(lambda sessions: removal.remove({**hosts, **sessions}, wanted, owner, purge=purge))
        command = "fedwarden destroy --purge" + "".join(f" --party {it.party}={it.address}" for it in wanted.clusters)
        for party in sorted({left.party for left in kept}):
            own = [left for left in kept if left.party == party]
            size = f"{sum(left.size for left in own) / 1e6:.1f} MB"
            folders = [left.folder for left in own]
            self._note("FW-NOTE-655", party=party, host=own[0].host, folders=folders, size=size, command=command)

    def run(self, party: FateParty, command: Command) -> Output:
        """On a party's host, over a connection that lives until ``close``."""
        place = party.ssh
        if place not in self._fleets:
            logins = [self._access().login(place, party.login)] if place != HERE else []
            self._fleets[place] = self._open.enter_context(Fleet(logins, HostKeys(self._home)))
            self._fleets[place].require_all()
        fleet = self._fleets[place]
        if place == HERE:
            return fleet.gather(lambda _: LocalSession().run(command))
        return fleet.one(place, lambda session: session.run(command))

    def close(self) -> None:
        self._open.close()
        self._fleets.clear()

    def plan(self, site: Site) -> Plan:
        """What the site is to be; clusters that are known keep their networks, ports and folders."""
        wishes = wishes_of(site)
        parties = [(member.party, member.host, member.place) for member in site.members]
        fresh = plan.clusters(parties, getpass.getuser())
        known = {member.party: _known(member) for member in site.members}
        return Plan(
            release=wishes.version,
            clusters=[known[it.party] or it for it in fresh],
            pool=wishes.subnets,
            registry=wishes.registry,
            opened=wishes.open,
            notebook=wishes.notebook,
            arbiter=wishes.arbiter,
            start_seconds=wishes.start_seconds,
        )

    @contextlib.contextmanager
    def _hosts(self, site: Site, wanted: Plan) -> Iterator[tuple[Fleet, dict[str, Host]]]:
        means = {member.place: member.details.get("login") for member in site.members}
        places = sorted({it.place for it in wanted.clusters} - {HERE})
        logins = [self._access().login(place, means.get(place)) for place in places]
        with Fleet(logins, HostKeys(self._home)) as fleet:
            for notice in fleet.notices:
                self._note(notice.code, **notice.params)
            yield fleet, {HERE: LocalSession()}

    def _owner(self, site: Site) -> str:
        """Nobody else's deployment is called this: hosts may be shared by regulators."""
        try:
            machine = Path("/etc/machine-id").read_text("ascii").strip()
        except OSError:
            machine = "?"
        return hashlib.sha256(f"{machine}\n{self._home}\n{site.deployment}".encode()).hexdigest()[:24]


def _known(member: Member) -> Cluster | None:
    told = member.details.get("cluster")
    return msgspec.convert(told, Cluster) if told else None


def filled(site: Site, outcome: Outcome) -> Site:
    """The site with what is now known of every party. FATE-Flow and FATE-Serving listen on their host's loopback."""
    version = outcome.plan.version
    inside = (
        "/data/projects/fate/examples/staged"
        if version.dsl == "dsl-2"
        else "/data/projects/fate/python/examples/staged"
    )
    members = []
    for member in site.members:
        cluster = outcome.plan.cluster(member.party)
        party = FateParty(
            version=version.name,
            flow=f"http://{_listens(outcome.plan, cluster, 'flow')}:{cluster.ports.flow}",
            serving=f"http://{_listens(outcome.plan, cluster, 'inference')}:{cluster.ports.inference}",
            ssh=cluster.place,
            shared=[f"{outcome.folders[member.party]}/data/staged", inside],
        )
        own: dict[str, Any] = {
            "cluster": msgspec.to_builtins(cluster),
            "release": outcome.releases[member.party],
            "images": outcome.images[member.party],
        }
        members.append(
            replace(
                member,
                control_port=cluster.ports.flow,
                data_port=cluster.ports.rollsite,
                serving_port=cluster.ports.inference,
                details=member.details | details_of(party) | own,
            )
        )
    return replace(site, members=members)


def _listens(wanted: Plan, cluster: Cluster, name: str) -> str:
    """Seen from its own host."""
    return cluster.bind if name in wanted.opened and not cluster.bind.startswith("0.") else "127.0.0.1"
