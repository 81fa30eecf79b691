"""Who may ask for online predictions: this host on the loopback port; others at the HTTPS door, if it is open.

At the door a certificate of ours that the policy names is enough, or a token; each is a caller of its own for the
limits. A token answers for its services only.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request

from fedwarden.common.errors import ModelError
from fedwarden.identity.revocation import RevocationBook
from fedwarden.party.http_peer import Caller
from fedwarden.party.policy import PolicyBook
from fedwarden.party.tokens import TokenBook


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
    def __init__(self, policy: PolicyBook, tokens: Path, revoked: RevocationBook) -> None:
        self._policy, self._tokens, self._revoked = policy, TokenBook(tokens), revoked

    def asker(self, request: Request) -> Asker:
        """Raises ModelError FW-MODEL-522, IdentityError FW-ID-522, StateError FW-STATE-520."""
        rules = self._policy.now().serving
        if rules.listen is None:
            raise ModelError("FW-MODEL-522", why="serving.listen")
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is not None:
            self._revoked.check(caller.fingerprint, caller.identity.uri)
            known = "regulator" if caller.identity.kind == "regulator" else caller.identity.party
            if known in rules.client_certificates:
                return Asker(caller.name)
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not rules.tokens:
            raise ModelError("FW-MODEL-522", why="token" if rules.tokens else "certificate")
        token = self._tokens.find(text.strip())
        return Asker(f"token {token.id}", frozenset(token.services))
