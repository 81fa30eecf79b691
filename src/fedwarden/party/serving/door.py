"""Who may ask for online predictions: this host on the loopback port; others at the HTTPS door, if it is open.

At the door a certificate of ours that the policy names is enough (a party's only with the key that is pinned here), or
a token; each is a caller of its own for the
limits. A token answers for its services only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request

from fedwarden.common.errors import ModelError
from fedwarden.identity.revocation import RevocationBook
from fedwarden.party.control.http_peer import Caller
from fedwarden.party.policy.rules import PolicyBook
from fedwarden.party.serving.tokens import TokenBook


class Asker(NamedTuple):
    """``services`` None: every service."""

    name: str
    services: frozenset[str] | None = None

    def check(self, service: str) -> None:
        """Raises ModelError FW-MODEL-523 when this service is not the asker's."""
        if self.services is not None and service not in self.services:
            raise ModelError("FW-MODEL-523", who=self.name, name=service[:64])


LOCAL = Asker("serving port")


class Door:
    """``key_of``: the fingerprint that a party's key has to have, None where none is known."""

    def __init__(
        self, policy: PolicyBook, tokens: Path, revoked: RevocationBook, key_of: Callable[[int], str | None]
    ) -> None:
        self._policy, self._tokens, self._revoked = policy, TokenBook(tokens), revoked
        self._key_of = key_of

    def asker(self, request: Request) -> Asker:
        """Raises ModelError FW-MODEL-522, IdentityError FW-ID-522, StateError FW-STATE-520."""
        rules = self._policy.now().serving
        if rules.listen is None:
            raise ModelError("FW-MODEL-522", why="serving.listen")
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is not None:
            self._revoked.check(caller.fingerprint, caller.identity.uri)
            party = caller.identity.party
            known = "regulator" if party is None else party
            if known in rules.client_certificates and (party is None or self._key_of(party) == caller.fingerprint):
                return Asker(caller.name)
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not rules.tokens:
            raise ModelError("FW-MODEL-522", why="token" if rules.tokens else "certificate")
        token = self._tokens.find(text.strip())
        return Asker(f"token {token.id}", frozenset(token.services))
