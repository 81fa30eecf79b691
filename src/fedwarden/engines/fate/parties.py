"""What the engine keeps of each party in ``Member.details`` (``parties.details`` in the store)."""

from __future__ import annotations

from typing import Any

import msgspec

from fedwarden.engines.base import Member
from fedwarden.engines.fate.versions import Version, version


class FateParty(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One party's FATE. Keys that are not here (a deployer's own) are left alone by whoever changes ``details``."""

    version: str  # of versions.VERSIONS
    flow: str  # base address of FATE-Flow, http://host:9380
    serving: str = ""  # base address of the serving-proxy, http://host:8059; empty: none
    ssh: str = ""  # user@host:port; set: both addresses are that host's own, and are reached through it
    login: dict[str, Any] = {}
    attached: bool = False  # it ran before us: it is never stopped or removed by us
    work_mode: int = 1  # FATE 1.4.4: 1 cluster, 0 standalone
    lookup: str = ""  # the key under which a host's feature adaptor expects the sample id; empty: its id column
    shared: list[str] = []

    @property
    def described(self) -> Version:
        return version(self.version)


def party_of(member: Member) -> FateParty:
    return msgspec.convert(member.details, FateParty)


def details_of(party: FateParty) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(party)
    return found
