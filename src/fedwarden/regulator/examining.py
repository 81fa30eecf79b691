"""The doctor's visit to the hosts of a command or of fedwarden.yaml: everything that stands in the way, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from fedwarden.common.api import Notice
from fedwarden.common.errors import FedwardenError
from fedwarden.regulator import own_hand
from fedwarden.regulator.addresses import is_own
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.site_file import SiteFile
from fedwarden.regulator.wanted import Wanted
from fedwarden.regulator.wanted import of_file as wanted_of
from fedwarden.remote import doctor
from fedwarden.remote.access import Access
from fedwarden.remote.bundle import Bundles
from fedwarden.remote.doctor import Finding, Report
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.hostkeys import HostKeys
from fedwarden.remote.interpreters import kept
from fedwarden.remote.reach import Own


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``means``: place (``user@host:port``) → what its file says of logging in. ``ports`` are control and data.
    ``own``: this machine's part in who reaches whom, where it has one. ``wanted``: the file, for parties of their own
    hand."""

    means: Mapping[str, Mapping[str, Any]]
    ports: Sequence[int]
    own: Own | None = None
    wanted: Wanted | None = None


def of_file(file: SiteFile) -> Asked:
    """Every host of the file that is not this machine; this machine dials them, and is dialled where a party is here.

    Raises UsageError FW-USE-008, -018.
    """
    wanted = wanted_of(file)
    entries = [entry for entry in wanted.entries if not entry.join]
    means: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if not is_own(entry.ip):
            place = f"{entry.user}@{entry.ip}:{entry.port}"
            means[place] = means.get(place) or entry.details.get("login", {})
    here = next((entry.ip for entry in entries if entry.party and is_own(entry.ip)), "")
    ports = (file.ports.control, file.ports.data)
    own = Own(address=here, ports=ports) if here and not here.startswith("127.") else Own()
    return Asked(means=means, ports=ports, own=own if means else None, wanted=wanted)


def own_hands(desk: Desk, asked: Asked) -> list[Finding]:
    """What stands in the way of parties that run their own agents: not joined yet, no answer, another version."""
    if asked.wanted is None:
        return []
    wanted, missing = own_hand.placed(desk, asked.wanted)
    found = own_hand.unfit(own_hand.look(desk.engine(wanted.engine), wanted), wanted) | missing
    hosts = {entry.party: entry.ip or f"party {entry.party}" for entry in wanted.entries}
    return [
        Finding(host=hosts[party], severity="error", code=error.code, params=error.params)
        for party, error in sorted(found.items())
    ]


def examine(home: Path, asked: Asked, access: Access) -> tuple[Report, list[Notice]]:
    """Never raises for a host: one that cannot be logged into is a finding like others."""
    logins, closed = [], []
    for place, means in asked.means.items():
        try:
            logins.append(access.login(place, means))
        except FedwardenError as error:
            closed.append(Finding(host=place, severity="error", code=error.code, params=error.params))
    with Fleet(logins, HostKeys(home)) as fleet:
        ports = {login.place: asked.ports for login in logins}
        report = doctor.examine(fleet, ports, kept(Bundles(home).interpreters), asked.own)
        return replace(report, findings=closed + report.findings), fleet.notices
