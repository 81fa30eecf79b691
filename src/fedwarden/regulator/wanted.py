"""What a deployment should be, from the words of a command or from fedwarden.yaml: one form for both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from fedwarden.common.errors import DeployError, UsageError
from fedwarden.common.usual_ports import USUAL
from fedwarden.engines.base import Member, remote_home
from fedwarden.regulator.addresses import ipv4, is_own
from fedwarden.regulator.places import Places
from fedwarden.regulator.site_file import HostEntry, PartyEntry, SiteFile

#: The regulator's own arbiter stays on this machine unless the file says otherwise.
ARBITER_HOST = "127.0.0.1"
MAX_PARTIES = 60
#: What of ``Member.details`` comes from the file or follows from it; the rest is the engine's own.
OWN_DETAILS = (
    *("advertise", "advertise_control", "bind", "control", "data_bind", "fate", "login", "name", "ports", "relay"),
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One agent: where it belongs. ``user`` and ``port`` are SSH's; ``details`` become the member's. ``join``: its own
    party runs it; then ``ip`` may be empty until it has joined, and ``joined`` is what joined."""

    party: int
    ip: str
    user: str = "root"
    port: int = 22
    details: dict[str, Any] = {}
    join: bool = False
    joined: Member | None = None

    def member(self, places: Places, deployment: str) -> Member:
        """The agent in a deployment, without ports or key yet, unless it has them from its own party."""
        if self.joined is not None:
            return replace(self.joined, details=self.details)
        here = is_own(self.ip)
        home = (
            str(places.party(deployment, self.party))
            if here
            else remote_home(self.user, self.ip, self.port, deployment, self.party)
        )
        return Member(party=self.party, host=self.ip, home=home, details=self.details)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` is the file's own, empty for words: those find a deployment by its ids and addresses. ``entries`` are
    in the order of ids, the arbiter (0) first."""

    name: str = ""
    engine: str = "native"
    entries: list[Entry]

    @property
    def addresses(self) -> dict[int, str]:
        """Party id → address, without the arbiter and those whose address is not known before they join."""
        return {entry.party: entry.ip for entry in self.entries if entry.party and entry.ip}

    @property
    def reached(self) -> dict[int, str]:
        """The same, of those only whose agents the regulator makes itself."""
        return {entry.party: entry.ip for entry in self.entries if entry.party and not entry.join}


def check_lists(ids: list[int], ips: list[str]) -> dict[int, str]:
    """Party id → address. Raises UsageError FW-USE-007 … -010, -018."""
    if len(ids) != len(ips):
        raise UsageError("FW-USE-009", ids=len(ids), ips=len(ips))
    _check_ids(ids)
    return {party: ipv4(ip) for party, ip in zip(ids, ips, strict=True)}


def _check_ids(ids: list[int]) -> None:
    for party in ids:
        if not 1 <= party <= 2**31 - 1:
            raise UsageError("FW-USE-007", found=party)
        if ids.count(party) > 1:
            raise UsageError("FW-USE-008", party=party)
    if len(ids) > MAX_PARTIES:
        raise UsageError("FW-USE-018", what=f"{len(ids)} > {MAX_PARTIES}", instead=f"<= {MAX_PARTIES}")


def of_lists(ids: list[int], ips: list[str], engine: str = "native", joined: Sequence[int] = ()) -> Wanted:
    """The words of script.py: as root on port 22, everything else as usual. ``joined``: ids of parties that run their
    own agents, which only the ``fedwarden`` command has words for."""
    entries = [Entry(party=party, ip=ip) for party, ip in check_lists(ids, ips).items()]
    _check_ids([*ids, *joined])
    entries += [Entry(party=party, ip="", join=True) for party in joined]
    entries.sort(key=lambda entry: entry.party)
    return Wanted(engine=engine, entries=[Entry(party=0, ip=ARBITER_HOST), *entries])


def of_file(file: SiteFile) -> Wanted:
    """Raises UsageError FW-USE-008, -018."""
    _check_ids([one.id for one in file.parties])
    ports = file.ports.model_dump()
    entries = [_entry(0, file.arbiter, ports, {})]
    for one in sorted(file.parties, key=lambda entry: entry.id):
        own = {"name": one.name, "fate": {**file.fate, **one.fate}}
        entries.append(_entry(one.id, one, ports, own))
    return Wanted(name=file.deployment, engine=file.engine, entries=entries)


def _entry(party: int, host: HostEntry, ports: dict[str, int], own: dict[str, Any]) -> Entry:
    """Details that say nothing are left out, so that a file of defaults and plain words want the same. The ports of an
    agent that its own party runs are that party's choice."""
    login = {"key": host.key, "password_from": host.password_from}
    join = isinstance(host, PartyEntry) and host.join
    details = {
        "ports": {} if ports == USUAL or join else ports,
        "advertise": _by_peer(host.advertise),
        "advertise_control": _by_peer(host.advertise_control),
        "control": host.control,
        "bind": host.bind,
        "relay": host.relay,
        "login": {name: value for name, value in login.items() if value},
        **own,
    }
    told = {name: value for name, value in details.items() if value}
    return Entry(party=party, ip=host.host, user=host.user, port=host.port, details=told, join=join)


def _by_peer(said: str | dict[int, str]) -> str | dict[str, str]:
    """As the store gives it back: JSON has no numbers as keys."""
    return said if isinstance(said, str) else {str(party): place for party, place in said.items()}


def check_reachable(wanted: Wanted) -> None:
    """Parties on other hosts cannot reach this machine's loopback. Raises DeployError FW-DEP-200."""
    ips = wanted.addresses.values()
    loopback = [ip for ip in ips if ip.startswith("127.")]
    if loopback and not all(is_own(ip) for ip in ips):
        raise DeployError("FW-DEP-200", ip=loopback[0])
