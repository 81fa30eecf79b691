"""Agents on other hosts: looked at, installed, signed, started over SSH; removed and looked for again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import FedwardenError, RemoteError
from fedwarden.engines.base import Member
from fedwarden.engines.native.local_agents import wanted_ports
from fedwarden.engines.ways import EVERYWHERE, relay_words
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.remote import doctor, host_agent
from fedwarden.remote.access import Access
from fedwarden.remote.bundle import Bundle, Bundles
from fedwarden.remote.facts import Facts, gather
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.host_agent import Seat
from fedwarden.remote.hostkeys import HostKeys
from fedwarden.remote.interpreters import kept
from fedwarden.remote.login import Login
from fedwarden.remote.session import Session
from fedwarden.remote.target import Target, target_of

T = TypeVar("T")
Note = Callable[..., None]


class RemoteAgents:
    """``home`` is the regulator's folder, with the pinned host keys and the bundles."""

    def __init__(self, home: Path, authority: Callable[[], CertificateAuthority], access: Access, note: Note) -> None:
        self._home = home
        self._authority = authority
        self._access = access
        self._note = note
        self._untouched: set[str] = set()  # places where this run has made nothing yet

    def deploy(
        self, members: Sequence[Member], restart: Collection[int] = (), *, keep: bool = False
    ) -> dict[int, AgentInfo]:
        """Party → its agent, listening. Hosts work at the same time; agents of ``restart`` are ended first. ``keep``:
        what ``restore`` needs stays until ``settle``. Raises RemoteError naming host and step."""
        self._untouched = {member.place for member in members}
        with self._fleet(members) as fleet:
            fleet.require_all()
            for notice in fleet.notices:
                self._note(notice.code, **notice.params)
            facts = self._look(fleet)
            bundles = self._bundles(facts)

            async def on_host(session: Session) -> dict[int, AgentInfo]:
                place = session.login.place
                self._untouched.discard(place)
                return {
                    member.party: await self._one(
                        session, member, facts[place], bundles[place], member.party in restart, keep
                    )
                    for member in members
                    if member.place == place
                }

            infos: dict[int, AgentInfo] = {}
            for answer in _all(fleet.each(on_host)).values():
                infos |= answer
            return infos

    def can(self, member: Member) -> bool:
        """Whether this command has anything to log in with there."""
        return self._access.can(member.place.rpartition("@")[2].rpartition(":")[0], member.details.get("login"))

    def remove(self, members: Sequence[Member]) -> dict[int, FedwardenError]:
        """Ends and removes on every host that answers; the parties whose host did not, and why."""
        reached = [member for member in members if member.place not in self._untouched]

        async def gone(session: Session, member: Member) -> None:
            root, home, unit = await _where(session, member)
            await host_agent.remove(session, root, home, unit)

        return self._each_member(reached, gone)

    def restore(self, members: Sequence[Member]) -> dict[int, FedwardenError]:
        """Agents that ``deploy`` restarted run as before again; those that do not, and why."""
        reached = [member for member in members if member.place not in self._untouched]

        async def back(session: Session, member: Member) -> None:
            facts = await gather(session)
            seat = Seat(facts.root, member.home.split("/")[-2], member.party, "")
            words = _words(member, facts)
            await host_agent.restore(session, seat, facts, words)

        return self._each_member(reached, back)

    def settle(self, members: Sequence[Member]) -> None:
        """Environments that nothing runs from any more go; a host that does not answer keeps them until later."""

        async def tidy(session: Session, member: Member) -> None:
            root, home, _ = await _where(session, member)
            await session.run(host_agent.settle_command(root, home))

        self._each_member(members, tidy)

    def _each_member(
        self, members: Sequence[Member], action: Callable[[Session, Member], Awaitable[None]]
    ) -> dict[int, FedwardenError]:
        """Hosts at once, the members of a host one after another; the members for which it failed."""
        if not members:
            return {}
        failed: dict[int, FedwardenError] = {}
        logins, closed = self._logins(members)
        with Fleet(logins, HostKeys(self._home)) as fleet:

            async def on_host(session: Session) -> None:
                for member in members:
                    if member.place == session.login.place:
                        try:
                            await action(session, member)
                        except FedwardenError as error:
                            failed[member.party] = error

            fleet.each(on_host)
            closed |= fleet.failures
        return failed | {member.party: closed[member.place] for member in members if member.place in closed}

    def _fleet(self, members: Sequence[Member]) -> Fleet:
        """Raises RemoteError when there is nothing to log into one of the hosts with."""
        logins, closed = self._logins(members)
        for error in closed.values():
            raise error
        return Fleet(logins, HostKeys(self._home))

    def _logins(self, members: Sequence[Member]) -> tuple[list[Login], dict[str, FedwardenError]]:
        """How to log into every host of ``members``, and why not."""
        means: dict[str, dict[str, str]] = {}
        for member in members:
            means[member.place] = means.get(member.place) or member.details.get("login") or {}
        logins: list[Login] = []
        closed: dict[str, FedwardenError] = {}
        for place in sorted(means):
            try:
                logins.append(self._access.login(place, means[place]))
            except FedwardenError as error:
                closed[place] = error
        return logins, closed

    def _look(self, fleet: Fleet) -> dict[str, Facts]:
        facts = _all(fleet.each(gather))
        for place, found in facts.items():
            for finding in doctor.judge(place, found, carried=kept(Bundles(self._home).interpreters)):
                if finding.severity == "error":
                    raise RemoteError(finding.code, **finding.params)
                if finding.severity == "warning":
                    self._note(finding.code, **finding.params)
        return facts

    def _bundles(self, facts: dict[str, Facts]) -> dict[str, Bundle]:
        bundles = Bundles(self._home)
        along = kept(bundles.interpreters)
        made: dict[tuple[Target, str], Bundle] = {}
        out: dict[str, Bundle] = {}
        for place, found in facts.items():
            needed = along.get(found.arch) if found.python is None or not found.python.venv else None
            target = target_of(found, needed.python if needed else "")
            key = target, needed.path if needed else ""
            if key not in made:
                made[key] = bundles.make(target, Path(needed.path) if needed else None)
                if made[key].built:
                    size, seconds = round(made[key].size / 1e6), made[key].seconds
                    self._note("FW-NOTE-163", name=made[key].name, size=size, seconds=seconds)
            out[place] = made[key]
        return out

    async def _one(
        self, session: Session, member: Member, facts: Facts, bundle: Bundle, restart: bool, keep: bool
    ) -> AgentInfo:
        deployment, party = member.home.split("/")[-2], member.party
        seat = Seat(facts.root, deployment, party, bundle.name)
        await host_agent.install(session, facts, seat, bundle)
        request = await host_agent.initialise(session, seat)
        authority = self._authority()
        certificate = authority.sign_party(request, party)
        await host_agent.give_certificate(session, seat, authority.certificate_pem, certificate)
        if restart:
            await session.run(host_agent.stop_command(seat.home, seat.unit, forget_ports=not member.control_port))
        words = _words(member, facts)
        return await host_agent.start(session, seat, facts, words, keep=keep)


def _words(member: Member, facts: Facts) -> tuple[str, ...]:
    # behind a NAT the host has not got the address that the others use
    bind = str(member.details.get("bind") or (member.host if member.host in facts.addresses else EVERYWHERE))
    return (*host_agent.agent_words(bind, wanted_ports(member), any_port=True), *relay_words(member))


async def _where(session: Session, member: Member) -> tuple[str, str, str]:
    """Root, home and unit of an agent as they are called on its host."""
    folder = member.home.removeprefix("ssh://").partition("/")[2]
    if folder.startswith("~/"):
        facts = await gather(session)
        folder = f"{facts.home}/{folder.removeprefix('~/')}"
    else:
        folder = f"/{folder}"
    deployment = folder.split("/")[-2]
    return folder.rpartition("/agents/")[0], folder, host_agent.unit_name(deployment, member.party)


def _all(answers: dict[str, T | FedwardenError]) -> dict[str, T]:
    """Raises the first host's failure when every host has answered."""
    out: dict[str, T] = {}
    for place, answer in answers.items():
        if isinstance(answer, FedwardenError):
            raise answer
        out[place] = answer
    return out
