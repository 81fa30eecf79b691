"""How the agents of a site are reached: what a party's ``details`` say of its network, put into addresses.

=====================  ===================================================================================
``advertise``          where other parties dial its data port: ``address[:port]``, or {party id: that} for
                       who dials it somewhere else than at ``Member.host``
``advertise_control``  the same for its control port (predictions); without it: the address of ``advertise``
``control``            where the regulator dials its control port: ``address[:port]``
``bind``, ``data_bind``  where it listens, if not at ``Member.host``; the data port alone
``relay``              true: it can only dial out, its links go through the regulator's relay
``relay_port``         where the relay of the arbiter's agent listens, once it does
=====================  ===================================================================================
"""

from __future__ import annotations

import re
import socket
from typing import Any

from msgspec.structs import replace

from fedwarden.common.api import JobPeer, PeerParty, RelayPlace
from fedwarden.common.errors import DeployError
from fedwarden.engines.base import Member, Site

Place = tuple[str, int]
ARBITER = 0
EVERYWHERE = "0.0.0.0"  # noqa: S104
RELAY = 9475
_PLACE = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::([0-9]{1,5}))?", re.ASCII)


def place(member: Member, key: str, text: Any, port: int) -> Place:
    """``address[:port]``; ``port`` where the text names none. Raises DeployError FW-DEP-480."""
    found = _PLACE.fullmatch(text) if isinstance(text, str) else None
    number = int(found[2] or port) if found else 0
    if found is None or not 0 <= number < 65536 or (found[2] and not number):
        raise DeployError("FW-DEP-480", party=member.party, key=key, found=str(text)[:80])
    return found[1], number


def _told(member: Member, key: str, viewer: int | None) -> Any:
    """What ``details`` say under ``key`` to the party ``viewer``; None: nothing."""
    said = member.details.get(key)
    if isinstance(said, dict):
        return None if viewer is None else said.get(str(viewer), said.get(viewer))
    return said


def data_way(member: Member, viewer: int | None = None) -> Place:
    """Where the party ``viewer`` (None: any) dials the data port. Raises DeployError FW-DEP-480."""
    said = _told(member, "advertise", viewer)
    return (member.host, member.data_port) if said is None else place(member, "advertise", said, member.data_port)


def control_way(member: Member, viewer: int | None = None) -> Place:
    """Where the party ``viewer`` dials the control port; None: the regulator. Raises DeployError FW-DEP-480."""
    if viewer is None:
        said = member.details.get("control")
        return (
            (member.host, member.control_port) if said is None else place(member, "control", said, member.control_port)
        )
    said = _told(member, "advertise_control", viewer)
    if said is not None:
        return place(member, "advertise_control", said, member.control_port)
    return data_way(member, viewer)[0], member.control_port


def job_peers(site: Site, roles: dict[str, int]) -> list[JobPeer]:
    """Role → party as the job's text names them."""
    viewers = set(roles.values())
    out = []
    for role, party in roles.items():
        member = site.member(party)
        host, port = data_way(member)
        ways = {str(viewer): data_way(member, viewer) for viewer in sorted(viewers - {party})}
        out.append(
            JobPeer(
                role=role,
                party=party,
                host=host,
                data_port=port,
                fingerprint=member.fingerprint,
                ways={viewer: f"{way[0]}:{way[1]}" for viewer, way in ways.items() if way != (host, port)},
            )
        )
    return out


def relay_place(site: Site) -> RelayPlace | None:
    """The relay of this site; None where no party asks for one."""
    arbiter = next((member for member in site.members if member.party == ARBITER), None)
    port = int(arbiter.details.get("relay_port") or 0) if arbiter is not None else 0
    if arbiter is None or not port or not arbiter.details.get("relay"):
        return None
    hosts = {member.party: data_way(arbiter, member.party)[0] for member in site.members if member is not arbiter}
    ways = {str(party): f"{host}:{port}" for party, host in hosts.items() if host != arbiter.host}
    return RelayPlace(
        party=ARBITER,
        host=arbiter.host,
        port=port,
        fingerprint=arbiter.fingerprint,
        ways=ways,
        parties=[member.party for member in site.members if member.party and member.details.get("relay")],
    )


def peers_of(site: Site, member: Member) -> list[PeerParty]:
    """Whom the agent of ``member`` pins, each as that agent reaches it."""
    out = []
    for other in site.members:
        if other.party == member.party:
            continue
        host, port = data_way(other, member.party)
        control_host, control_port = control_way(other, member.party)
        out.append(
            PeerParty(
                party=other.party,
                host=host,
                data_port=port,
                control_port=control_port,
                fingerprint=other.fingerprint,
                control_host="" if control_host == host else control_host,
                relay=relay_place(site) if other.party == ARBITER else None,
            )
        )
    return out


def with_arbiter(site: Site) -> Site:
    """The site with what its network asks of the arbiter's agent: parties on other hosts may dial its data port, and
    it has a relay where a party wants one."""
    abroad = [member for member in site.members if member.party != ARBITER and _abroad(member)]
    wanted = any(member.details.get("relay") for member in site.members)
    members = []
    for member in site.members:
        if member.party == ARBITER:
            details: dict[str, Any] = {}
            if abroad and not member.place:
                details["data_bind"] = EVERYWHERE
                seen = {str(other.party): own_address(other.host) for other in abroad}
                details["advertise"] = {party: address for party, address in seen.items() if address}
            if wanted:
                details["relay"] = True
            member = replace(member, details={**details, **member.details})
        members.append(member)
    return replace(site, members=members)


def _abroad(member: Member) -> bool:
    """Whether it is on another machine; of a party that runs its own agent only the address tells."""
    return bool(member.place) or (member.joined and own_address(member.host) != member.host)


def relay_words(member: Member) -> tuple[str, ...]:
    """The agent's own options for its relay, where it is to have one."""
    if member.party != ARBITER or not member.details.get("relay"):
        return ()
    return ("--relay-port", str(member.details.get("relay_port") or RELAY))


def own_address(host: str) -> str:
    """This machine's address on the way to ``host``; empty where there is none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return ""
