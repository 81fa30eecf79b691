"""Whom every agent of a site pins: told to all at once, and taken back where a key is no longer that party's."""

from __future__ import annotations

from collections.abc import Collection

from fedwarden.common.api import AgentInfo, PeerParty
from fedwarden.engines import ways
from fedwarden.engines.base import Member, Site
from fedwarden.engines.native.calls import Agents, at_once, first_error


class Peers:
    """Each method raises the first agent's refusal, when all have been asked."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    def introduce_all(self, site: Site) -> None:
        results = at_once(site.members, lambda member: self.introduce(site, member))
        if error := first_error(results):
            raise error

    def introduce(self, site: Site, member: Member) -> None:
        """The agent answers in its own name, and pins the keys of all others."""
        self._agents.ask(site, member.party, "GET", "/v1/health", AgentInfo)
        peers = ways.peers_of(site, member)
        self._agents.ask(site, member.party, "PUT", "/v1/peers", list[PeerParty], peers)

    def forget(self, site: Site, parties: Collection[int]) -> None:
        """At every agent of ``site``, before the others are introduced again."""
        asked = [(member.party, gone) for member in site.members for gone in parties if member.party != gone]
        results = at_once(
            asked, lambda one: self._agents.ask(site, one[0], "DELETE", f"/v1/peers/{one[1]}", list[PeerParty])
        )
        if error := first_error(results):
            raise error

    def begin_anew(self, site: Site, own_hand: Collection[Member]) -> None:
        """Agents that were there before this site: an earlier deployment may have given them other keys of the same
        parties."""
        for member in own_hand:
            for other in site.members:
                if other.party != member.party:
                    self._agents.ask(site, member.party, "DELETE", f"/v1/peers/{other.party}", list[PeerParty])
