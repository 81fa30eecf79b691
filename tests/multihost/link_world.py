"""A regulator on this machine and two parties' agents on hosts with poor links; no SSH, no installation.

Party 2 is behind an address translation: its agent listens at an address that only its own host has, and everybody
else reaches its ports at others of the host's address.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from fedwarden.cli.leftovers import end_processes_under
from fedwarden.common import options
from fedwarden.common.api import AgentInfo, DatasetRequest, JobSpec, RoleStatus
from fedwarden.common.errors import FedwardenError, StateError
from fedwarden.common.files import read_struct
from fedwarden.engines import ways
from fedwarden.engines.base import Member, Site
from fedwarden.engines.native.engine import NativeEngine
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.party.init import initialise
from rig.fixture import Rig
from support.tables import breast_tables

INSIDE = "192.168.77.2"
CONTROL, DATA = 9480, 9470
ROLES = {"guest": 1, "host1": 2, "arbiter": 0}
AGENT = "fedwarden.party.agent"


def translate(rig: Rig, number: int) -> None:
    """192.168.77.2 exists on that host alone; its agent's ports are reached at other ports of the host's address."""
    outside = rig.hosts[number - 1].ip
    rig.shell(
        number,
        f"ip addr add {INSIDE}/32 dev lo && nft -f - <<END\n"
        "table ip nat {\n chain in {\n  type nat hook prerouting priority dstnat;\n"
        f"  ip daddr {outside} tcp dport 1{DATA} dnat to {INSIDE}:{DATA}\n"
        f"  ip daddr {outside} tcp dport 1{CONTROL} dnat to {INSIDE}:{CONTROL}\n }}\n}}\nEND",
    )


class OnHosts:
    """What deploys to other hosts, without SSH: the agents are started in the hosts' namespaces."""

    def __init__(self, world: LinkWorld) -> None:
        self.world = world

    def deploy(self, members: Sequence[Member]) -> dict[int, AgentInfo]:
        for member in members:
            host = self.world.rig.hosts[member.party - 1]
            home = host.data / "agent"
            request = initialise(home, member.party)
            (home / "cert.pem").write_bytes(self.world.ca.sign_party(request.read_bytes(), member.party))
            (home / "ca.pem").write_bytes(self.world.ca.certificate_pem)
            bind = str(member.details.get("bind") or member.host)
            words = [sys.executable, "-P", "-m", AGENT, "--home", "/data/agent", "--bind", bind]
            line = f"setsid {shlex.join(words)} >/data/agent/agent.out.log 2>&1 </dev/null &"
            self.world.rig.shell(member.party, line)
        return {member.party: self._listening(member.party) for member in members}

    def _listening(self, party: int) -> AgentInfo:
        home = self.world.rig.hosts[party - 1].data / "agent"
        end = time.monotonic() + 30
        while True:
            try:
                return read_struct(home / "agent.json", AgentInfo)
            except (FileNotFoundError, StateError):
                if time.monotonic() > end:
                    raise AssertionError((home / "agent.out.log").read_text()) from None
                time.sleep(0.05)

    def can(self, member: Member) -> bool:
        return True

    def remove(self, members: Sequence[Member]) -> dict[int, FedwardenError]:
        """The hosts go with the rig."""
        return {}


class LinkWorld:
    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig, self.folder = rig, folder
        self.ca = CertificateAuthority.create(folder / "pki")
        self.engine = NativeEngine(lambda: self.ca, self.ca.issue_regulator(), lambda: OnHosts(self))  # type: ignore[arg-type,return-value]
        self.numbers = 0
        outside = rig.hosts[1].ip
        translate(rig, 2)
        arbiter = Member(
            party=0, host="127.0.0.1", home=str(folder / "deployments" / "d1" / "party-0"), details={"relay": True}
        )
        guest = Member(party=1, host=rig.hosts[0].ip, home=f"ssh://root@{rig.hosts[0].ip}:22/opt/agents/d1/party-1")
        host = Member(
            party=2,
            host=outside,
            home=f"ssh://root@{outside}:22/opt/agents/d1/party-2",
            details={
                "bind": INSIDE,
                "advertise": f"{outside}:1{DATA}",
                "advertise_control": f"{outside}:1{CONTROL}",
                "control": f"{outside}:1{CONTROL}",
            },
        )
        self.site = self.engine.deploy(Site(deployment="d1", members=[arbiter, guest, host]))

    def close(self) -> None:
        try:
            self.engine.delete(self.site)
        finally:
            end_processes_under(self.folder)

    def change(self, party: int, **details: Any) -> None:
        """Other details of a party from now on, told to everybody; None takes one away."""
        members = []
        for member in self.site.members:
            if member.party == party:
                merged = {key: value for key, value in {**member.details, **details}.items() if value is not None}
                member = replace(member, details=merged)
            members.append(member)
        self.site = replace(self.site, members=members)
        for member in members:
            self.engine._peers.introduce(self.site, member)

    def no_inbound(self, *hosts: int, how: str = "drop") -> None:
        """The hosts take no connection at their data ports any more (``how``: drop or reject)."""
        for host in hosts:
            chain = f"chain in {{ type filter hook input priority 0; tcp dport {DATA} ct state new {how}; }}"
            self.rig.shell(host, f"nft -f - <<END\ntable inet gate {{\n {chain}\n}}\nEND")

    def open_again(self) -> None:
        for host in (1, 2):
            self.rig.shell(host, "nft delete table inet gate 2>/dev/null || true")

    def submit(self, algorithm: str = "example", tables: dict[str, str] | None = None, **given: Any) -> JobSpec:
        self.numbers += 1
        spec = JobSpec(
            job_id=f"20261124000000000{self.numbers:04d}",
            project="p",
            algorithm=algorithm,  # type: ignore[arg-type]
            options=options.resolve(algorithm, given),
            roles=ways.job_peers(self.site, ROLES),
            role_datasets=tables or {},
            model_id="m",
            privacy="sealed",
            created="2026-11-24T00:00:00+00:00",
            relay=ways.relay_place(self.site),
        )
        self.engine.submit(self.site, spec)
        return spec

    def tables(self) -> dict[str, str]:
        """Registers a small table at each party: role → dataset id."""
        made = breast_tables(self.folder / "tables")
        return self.register(made.guest, made.hosts[0], made.label)

    def register(self, guest: Path, host: Path, label_name: str) -> dict[str, str]:
        """Copies both tables to their hosts and registers them there: role → dataset id."""
        asked = []
        for role, party, source in (("guest", 1, guest), ("host1", 2, host)):
            (self.rig.hosts[party - 1].data / "table.csv").write_bytes(source.read_bytes())
            label = label_name if role == "guest" else None
            request = DatasetRequest(project="p", role=role, path="/data/table.csv", label=label, binary=bool(label))
            asked.append((party, request))
        found = self.engine.upload(self.site, asked, [])
        return {role: dataset.dataset_id for role, dataset in zip(("guest", "host1"), found, strict=True)}

    def records(self, spec: JobSpec) -> dict[str, RoleStatus]:
        found = self.engine.query(self.site, spec)
        for answer in found:
            if isinstance(answer, FedwardenError):
                raise answer
        return {answer.role: answer for answer in found if isinstance(answer, RoleStatus)}

    def ended(self, spec: JobSpec, seconds: float) -> dict[str, RoleStatus]:
        """Every role's record once all have ended."""
        end = time.monotonic() + seconds
        while True:
            records = self.records(spec)
            if all(record.state in ("success", "failed") for record in records.values()):
                return records
            assert time.monotonic() < end, {role: (r.state, r.phase) for role, r in records.items()}
            time.sleep(0.1)
