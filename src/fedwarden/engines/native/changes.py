"""One site becomes another: agents are made, restarted, told of each other; or everything is as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import FedwardenError
from fedwarden.engines.base import Change, Member, Site
from fedwarden.engines.native import local_agents
from fedwarden.engines.native.members import apart, filled
from fedwarden.engines.native.peers import Peers
from fedwarden.identity.authority import CertificateAuthority

if TYPE_CHECKING:
    from fedwarden.engines.native.remote_agents import RemoteAgents

Health = Callable[[Site, int], AgentInfo]


class Changes:
    """``remote`` is asked for only where an agent is on another host, ``health`` only of agents of their own hand."""

    def __init__(
        self,
        authority: Callable[[], CertificateAuthority],
        remote: Callable[[], RemoteAgents],
        peers: Peers,
        health: Health,
    ) -> None:
        self._authority, self._remote, self._peers, self._health = authority, remote, peers, health

    def carry_out(self, change: Change) -> Site:
        after, made, again = change.after, set(change.create), set(change.restart)
        here, abroad, own_hand = apart(member for member in after.members if member.party in made | again)
        infos = {member.party: self._health(after, member.party) for member in own_hand}
        infos |= self._remote().deploy(abroad, again, keep=True) if abroad else {}
        new = [member for member in here if member.party in made]
        local_agents.make(new, self._authority())
        old = [member for member in here if member.party in again]
        infos |= {info.party: info for info in [*local_agents.restart(old), *local_agents.start(new)]}
        site = replace(
            after, members=[filled(it, infos[it.party]) if it.party in infos else it for it in after.members]
        )
        self._peers.begin_anew(site, own_hand)
        self._peers.forget(site, change.forget)
        self._peers.introduce_all(site)
        return site

    def undo(self, change: Change) -> list[str]:
        """Answers the hosts where something was taken back; raises the first failure when all was tried."""
        made = [change.after.member(party) for party in change.create]
        failed = self.remove(made)
        here, abroad, _ = apart(change.before.member(party) for party in change.restart)
        failed |= self._remote().restore(abroad) if abroad else {}
        local_agents.restart(here, as_told=True)
        with contextlib.suppress(FedwardenError):  # whoever does not answer learns it when it is woken
            self._peers.forget(change.before, [*change.create, *change.forget])
            self._peers.introduce_all(change.before)
        if failed:
            raise next(iter(failed.values()))
        return sorted({member.host for member in [*made, *here, *abroad] if not member.joined})

    def remove(self, members: list[Member]) -> dict[int, FedwardenError]:
        """Party → why its agent is left. One that its own party runs is that party's to end."""
        here, abroad, _ = apart(members)
        failed: dict[int, FedwardenError] = {}
        for member in here:
            try:
                local_agents.remove([member])
            except FedwardenError as error:
                failed[member.party] = error
        return failed | (self._remote().remove(abroad) if abroad else {})

    def settle(self, site: Site) -> None:
        abroad = [member for member in apart(site.members)[1] if self._remote().can(member)]
        if abroad:
            self._remote().settle(abroad)
