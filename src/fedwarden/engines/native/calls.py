"""Calls to agents: one at a time, or the same to several at once."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from fedwarden.common.errors import FedwardenError, LinkError
from fedwarden.engines.base import Member, Site
from fedwarden.engines.ways import control_way
from fedwarden.identity.contexts import Credentials, client_context
from fedwarden.identity.https import ControlClient

T = TypeVar("T")
Item = TypeVar("Item")


class Agents:
    """The agents of a site, asked in the regulator's name; answers are checked against their structure."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._made: ssl.SSLContext | None = None

    def client(self, member: Member) -> ControlClient:
        if self._made is None:
            self._made = client_context(*self._credentials)
        host, port = control_way(member)
        return ControlClient(
            host,
            port,
            self._made,
            party=member.party,
            fingerprint=member.fingerprint or None,
        )

    def ask(
        self, site: Site, party: int, method: str, path: str, kind: type[T], body: object = None, seconds: float = 30.0
    ) -> T:
        """Raises the agent's own error, LinkError, IdentityError."""
        client = self.client(site.member(party))
        answer = client.call(method, path, body, timeout=seconds)
        try:
            return msgspec.convert(answer, kind)
        except msgspec.ValidationError as error:
            raise LinkError("FW-LINK-005", party=party, address=client.address, why=str(error)[:200]) from None

    def fetch(self, site: Site, party: int, path: str) -> bytes:
        return self.client(site.member(party)).fetch("GET", path)[0]


def at_once(items: Sequence[Item], call: Callable[[Item], Any]) -> list[Any]:
    """``call`` of every item in threads: results or FedwardenErrors, in order."""

    def one(item: Item) -> Any:
        try:
            return call(item)
        except FedwardenError as error:
            return error

    if len(items) <= 1:
        return [one(item) for item in items]
    with ThreadPoolExecutor(min(16, len(items))) as pool:
        return list(pool.map(one, items))


def first_error(results: Sequence[Any]) -> FedwardenError | None:
    return next((result for result in results if isinstance(result, FedwardenError)), None)
