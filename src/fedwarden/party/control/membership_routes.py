"""The control API's table, continued: revoked keys, a new key of this agent, new keys of its peers."""

from __future__ import annotations

from collections.abc import Callable

from fedwarden.common.api import AgentInfo, PeerParty
from fedwarden.common.membership import Certificate, NewKey, RevocationsHeld, Statement
from fedwarden.identity.revocation import RevocationBook
from fedwarden.party.control.routes import REGULATOR
from fedwarden.party.control.web import ApiRoute, Call
from fedwarden.party.jobs.queue import JobBook
from fedwarden.party.membership.peers import PeerBook


def membership_routes(
    revoked: RevocationBook,
    peers: PeerBook,
    jobs: JobBook,
    new_key: Callable[[], NewKey],
    take_key: Callable[[bytes], AgentInfo],
) -> list[ApiRoute]:
    def revoke(call: Call) -> RevocationsHeld:
        held = revoked.accept(call.body)
        peers.drop(held.keys)
        return RevocationsHeld(number=held.number, keys=len(held.keys), ended=jobs.end_revoked())

    return [
        ApiRoute(
            "PUT",
            "/v1/revocations",
            REGULATOR,
            revoke,
            "the authority's signed list of revoked keys; ends jobs with one of them and drops their pins",
            body=Statement,
            answer=RevocationsHeld,
            told=lambda _, held: {"number": held.number, "keys": held.keys, "ended": held.ended},
        ),
        ApiRoute(
            "POST",
            "/v1/identity/key",
            REGULATOR,
            lambda call: new_key(),
            "make this agent's next key here; answers its request and the present key's word for it",
            answer=NewKey,
        ),
        ApiRoute(
            "PUT",
            "/v1/identity/certificate",
            REGULATOR,
            lambda call: take_key(call.body.certificate.encode()),
            "take the next key into use with its certificate; refused while jobs run or wait here",
            body=Certificate,
            answer=AgentInfo,
        ),
        ApiRoute(
            "POST",
            "/v1/peers/key",
            REGULATOR,
            lambda call: peers.change_key(call.body),
            "pin a peer's new key that its pinned one has signed",
            body=Statement,
            answer=list[PeerParty],
        ),
    ]
