"""Real TLS channels and meshes over loopback for the tests of the transport."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "identity"))

from pki import party_home, pin

from fedwarden.common.api import JobPeer, JobSpec
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import Credentials, client_context, server_context
from fedwarden.transport.alarm import Alarm
from fedwarden.transport.channel import Channel
from fedwarden.transport.handoff import AgentEnd, WorkerEnd, make_pair
from fedwarden.transport.listener import DataListener
from fedwarden.transport.mesh import Mesh

JOB = "202611231845120042137"


def tls_pair(first: Credentials, second: Credentials) -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
    """(dialler's end, accepting end) of one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialled = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    out: list[ssl.SSLSocket] = []
    thread = threading.Thread(
        target=lambda: out.append(server_context(*second).wrap_socket(accepted, server_side=True))
    )
    thread.start()
    secure = client_context(*first).wrap_socket(dialled)
    thread.join()
    return secure, out[0]


class Pair:
    """Two channels, guest (party 1) and host1 (party 2), in one process."""

    def __init__(self, folder: Path, **options: Any) -> None:
        ca = CertificateAuthority.create(folder / "pki")
        left, right = tls_pair(party_home(ca, folder / "p1", 1), party_home(ca, folder / "p2", 2))
        self.alarms = Alarm(), Alarm()
        self.guest = Channel(left, "guest", 1, "host1", 2, self.alarms[0], **options)
        self.host = Channel(right, "host1", 2, "guest", 1, self.alarms[1], **options)
        self.guest.start()
        self.host.start()

    def close(self) -> None:
        self.guest.bye()
        self.host.bye()
        self.guest.close()
        self.host.close()


class RawPeer:
    """A channel at one end; at the other a bare TLS socket with which a test may misbehave."""

    def __init__(self, folder: Path, **options: Any) -> None:
        ca = CertificateAuthority.create(folder / "pki")
        left, self.sock = tls_pair(party_home(ca, folder / "p1", 1), party_home(ca, folder / "p2", 2))
        self.alarm = Alarm()
        self.guest = Channel(left, "guest", 1, "host1", 2, self.alarm, **options)
        self.guest.start()

    def close(self) -> None:
        self.sock.close()
        self.guest.bye()
        self.guest.close(0.5)


class Party:
    """A party's data port and its workers' hand-over ends, as an agent has them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.sock.getsockname()[1]
        self.ends: dict[str, AgentEnd] = {}
        self.listener = DataListener(self.sock, self._route)
        self.listener.start()

    def _route(self, name: str) -> Any:
        job, role, *_ = name.split(".")
        if job != JOB:
            return None
        end = self.ends.get(role)
        return end.send_connection if end else "park"

    def worker(self, role: str) -> socket.socket:
        mine, theirs = make_pair()
        self.ends[role] = AgentEnd(mine)
        return theirs

    def close(self) -> None:
        self.listener.close()
        self.sock.close()
        for end in self.ends.values():
            end.close()


class World:
    """A CA, parties with data ports, and one job between them; ``roles`` maps role → party in the job's order."""

    def __init__(self, folder: Path, roles: dict[str, int], **options: Any) -> None:
        self.folder, self.roles = folder, roles
        self.ca = CertificateAuthority.create(folder / "pki")
        self.parties: dict[int, Party] = {}
        self.pins: dict[int, str] = {}
        for party in roles.values():
            if party not in self.parties:
                home = folder / f"party-{party}"
                self.pins[party] = pin(party_home(self.ca, home, party))
                self.parties[party] = Party(home)
        self.options = options
        self.meshes: dict[str, Mesh] = {}
        self.ends: list[WorkerEnd] = []

    def spec(self, **changes: Any) -> JobSpec:
        peers = [
            JobPeer(
                role=role,
                party=party,
                host="127.0.0.1",
                data_port=self.parties[party].port,
                fingerprint=self.pins[party],
            )
            for role, party in self.roles.items()
        ]
        known: dict[str, Any] = {
            "job_id": JOB,
            "project": "p",
            "algorithm": "example",
            "options": self.options,
            "roles": peers,
            "role_datasets": {},
            "model_id": "m",
            "privacy": "sealed",
            "created": "2026-11-23T18:45:12+00:00",
        }
        return JobSpec(**{**known, **changes})

    def mesh(self, role: str, spec: JobSpec | None = None) -> Mesh:
        """A mesh in this process, with a thread that reads what the agent hands over."""
        party = self.parties[self.roles[role]]
        end = WorkerEnd(party.worker(role).detach())
        self.ends.append(end)
        threading.Thread(target=lambda: list(end.messages()), daemon=True).start()
        self.meshes[role] = Mesh(party.home, spec or self.spec(), role, end)
        return self.meshes[role]

    def connect(self, seconds: float = 15.0, specs: dict[str, JobSpec] | None = None) -> dict[str, Exception | None]:
        """All roles at once; what each raised."""
        out: dict[str, Exception | None] = {}

        def run(role: str) -> None:
            try:
                self.mesh(role, (specs or {}).get(role)).connect(seconds)
                out[role] = None
            except Exception as error:
                out[role] = error

        threads = [threading.Thread(target=run, args=(role,)) for role in self.roles]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return out

    def close(self) -> None:
        threads = [threading.Thread(target=mesh.close, args=(1.0,)) for mesh in self.meshes.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for end in self.ends:
            end.close()
        for party in self.parties.values():
            party.close()
