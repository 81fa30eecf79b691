"""Who belongs to a site, told to its agents: one more party, keys that changed, keys that are revoked."""

from __future__ import annotations

from fedwarden.common.api import AgentInfo, PeerParty
from fedwarden.common.errors import FedwardenError
from fedwarden.common.membership import Certificate, NewKey, RevocationsHeld, Statement
from fedwarden.engines.base import Member, Site
from fedwarden.engines.native.calls import Agents, at_once, first_error
from fedwarden.identity.contexts import Credentials

SECONDS = 10.0


class MembershipCalls:
    """``credentials`` are the regulator's own."""

    def __init__(self, credentials: Credentials) -> None:
        self._agents = Agents(credentials)

    def health(self, site: Site, party: int) -> AgentInfo:
        return self._agents.ask(site, party, "GET", "/v1/health", AgentInfo, seconds=SECONDS)

    def introduce(self, site: Site, party: int) -> list[PeerParty]:
        """Makes ``party`` known to all others of ``site`` and them to it; its peers. Raises the first refusal."""
        new = site.member(party)
        others = [member for member in site.members if member.party != party]
        results = at_once(others, lambda other: self._pin(site, other, [_peer(new)]))
        if error := first_error(results):
            raise error
        peers = [_peer(other) for other in others]
        self._pin(site, new, peers)
        return peers

    def _pin(self, site: Site, member: Member, peers: list[PeerParty]) -> list[PeerParty]:
        return self._agents.ask(site, member.party, "PUT", "/v1/peers", list[PeerParty], peers, SECONDS)

    def revoke(self, site: Site, statement: Statement) -> dict[int, RevocationsHeld | FedwardenError]:
        """Hands the list of revoked keys to every agent; what each answered, or why it could not be told."""
        answers = at_once(
            site.members,
            lambda one: self._agents.ask(
                site, one.party, "PUT", "/v1/revocations", RevocationsHeld, statement, SECONDS
            ),
        )
        return dict(zip([member.party for member in site.members], answers, strict=True))

    def new_key(self, site: Site, party: int) -> NewKey:
        return self._agents.ask(site, party, "POST", "/v1/identity/key", NewKey, seconds=SECONDS)

    def give_certificate(self, site: Site, party: int, certificate: bytes) -> AgentInfo:
        body = Certificate(certificate=certificate.decode("ascii"))
        return self._agents.ask(site, party, "PUT", "/v1/identity/certificate", AgentInfo, body, SECONDS)

    def tell_key(self, site: Site, party: int, statement: Statement) -> dict[int, FedwardenError]:
        """Hands the old key's word for the new one to all others; those that could not be told, and why."""
        others = [member for member in site.members if member.party != party]
        answers = at_once(
            others,
            lambda one: self._agents.ask(site, one.party, "POST", "/v1/peers/key", list[PeerParty], statement, SECONDS),
        )
        pairs = zip(others, answers, strict=True)
        return {member.party: answer for member, answer in pairs if isinstance(answer, FedwardenError)}


def _peer(member: Member) -> PeerParty:
    return PeerParty(
        party=member.party,
        host=member.host,
        data_port=member.data_port,
        control_port=member.control_port,
        fingerprint=member.fingerprint,
    )
