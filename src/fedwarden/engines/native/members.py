"""Members of a site by where their agents are, and filled in with what these say of themselves."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from fedwarden.common.api import AgentInfo
from fedwarden.engines.base import Member


def apart(members: Iterable[Member]) -> tuple[list[Member], list[Member], list[Member]]:
    """Those on this machine, those on others that the regulator logs into, those that run by their own hand."""
    members = list(members)
    here = [member for member in members if not member.place and not member.joined]
    return here, [member for member in members if member.place], [member for member in members if member.joined]


def filled(member: Member, info: AgentInfo) -> Member:
    return replace(
        member,
        control_port=info.control_port,
        data_port=info.data_port,
        serving_port=info.serving_port,
        fingerprint=info.fingerprint,
        details=member.details | ({"relay_port": info.relay_port} if info.relay_port else {}),
    )
