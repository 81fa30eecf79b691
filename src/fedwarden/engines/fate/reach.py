"""From a party to its FATE-Flow and FATE-Serving: directly, or through SSH where they listen on loopback only."""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from fedwarden.engines.base import Member
from fedwarden.engines.fate.flow import Flow
from fedwarden.engines.fate.flow1 import Flow1
from fedwarden.engines.fate.flow2 import Flow2
from fedwarden.engines.fate.http import Web
from fedwarden.engines.fate.parties import FateParty, party_of
from fedwarden.remote.access import Access
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.hostkeys import HostKeys


class Reach:
    """Tunnels are opened when first needed and live until ``close``."""

    def __init__(self, home: Path, access: Callable[[], Access]) -> None:
        self._home, self._access = home, access
        self._open = contextlib.ExitStack()
        self._fleets: dict[str, Fleet] = {}
        self._doors: dict[tuple[str, str], str] = {}

    def flow(self, member: Member) -> Flow:
        party = party_of(member)
        web = self.web(party, party.flow, "FATE-Flow", member.party)
        if party.described.protocol == "v2":
            return Flow2(web, member.party)
        return Flow1(web, member.party, old=party.described.dsl == "dsl-1", work_mode=party.work_mode)

    def flow1(self, member: Member) -> Flow1:
        """For what only FATE 1 can do; ``require`` has been asked before."""
        found = self.flow(member)
        if not isinstance(found, Flow1):
            raise TypeError("no FATE-Flow 1")
        return found

    def serving(self, member: Member) -> Web:
        party = party_of(member)
        return self.web(party, party.serving, "FATE-Serving", member.party)

    def web(self, party: FateParty, address: str, what: str, number: int) -> Web:
        """Raises RemoteError FW-SSH-… when its host cannot be reached."""
        if not party.ssh:
            return Web(address, what, number)
        shown = f"{urllib.parse.urlsplit(address).netloc} on {party.ssh}"
        return Web(self._door(party, address), what, number, shown)

    def _door(self, party: FateParty, address: str) -> str:
        place = party.ssh
        if (place, address) not in self._doors:
            if place not in self._fleets:
                fleet = Fleet([self._access().login(place, party.login)], HostKeys(self._home))
                self._fleets[place] = self._open.enter_context(fleet)
                fleet.require_all()
            parts = urllib.parse.urlsplit(address)
            host, port = parts.hostname or "127.0.0.1", parts.port or 80
            local = self._fleets[place].one(place, lambda session: session.forward(host, port))
            self._doors[place, address] = f"http://127.0.0.1:{local}"
        return self._doors[place, address]

    def close(self) -> None:
        self._open.close()
        self._fleets.clear()
        self._doors.clear()
