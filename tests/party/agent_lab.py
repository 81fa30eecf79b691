"""Real agents in real processes for tests: a CA, homes, certificates, start, stop, calls."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from fedwarden.common.api import AgentInfo, JobPeer, JobSpec, PeerParty
from fedwarden.common.files import read_struct
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import client_context
from fedwarden.identity.https import ControlClient

HERE = Path(__file__).parent
PORTS = ["--control-port", "0", "--data-port", "0", "--serving-port", "0"]


class Lab:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = CertificateAuthority.create(folder / "pki")
        self.regulator = self.ca.issue_regulator()
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.infos: dict[int, AgentInfo] = {}

    def home(self, party: int) -> Path:
        return self.folder / f"party-{party}"

    def enrol(self, party: int) -> Path:
        home = self.home(party)
        made = subprocess.run(
            [sys.executable, "-m", "fedwarden.party.init", "--home", str(home), "--party", str(party)],
            check=True,
            capture_output=True,
            text=True,
        )
        request = Path(made.stdout.strip())
        (home / "cert.pem").write_bytes(self.ca.sign_party(request.read_bytes(), party))
        (home / "ca.pem").write_bytes(self.ca.certificate_pem)
        return home

    def launch(self, party: int, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(HERE / "agent_program.py"), "--home", str(self.home(party)), *(words or PORTS)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")

    def start(self, *parties: int) -> None:
        for party in parties:
            if not self.home(party).exists():
                self.enrol(party)
        for party in parties:
            self.processes[party] = self.launch(party)
        for party in parties:
            self.infos[party] = self.wait_for(party)

    def wait_for(self, party: int, seconds: float = 15.0) -> AgentInfo:
        process = self.processes[party]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(FileNotFoundError):
                info = read_struct(self.home(party) / "agent.json", AgentInfo)
                if info.pid == process.pid:
                    return info
            if process.poll() is not None:
                raise AssertionError(process.stderr.read().decode())
            time.sleep(0.02)
        raise AssertionError(f"the agent of party {party} does not listen after {seconds} s")

    def introduce(self) -> None:
        for party in self.infos:
            peers = [self.peer(other) for other in self.infos if other != party]
            self.client(party).call("PUT", "/v1/peers", peers)

    def peer(self, party: int) -> PeerParty:
        info = self.infos[party]
        return PeerParty(
            party=party,
            host="127.0.0.1",
            data_port=info.data_port,
            control_port=info.control_port,
            fingerprint=info.fingerprint,
        )

    def client(self, party: int, credentials=None, timeout: float = 15.0) -> ControlClient:
        context = client_context(*(credentials or self.regulator))
        info = self.infos[party]
        return ControlClient("127.0.0.1", info.control_port, context, party=party, timeout=timeout)

    def as_party(self, party: int):
        home = self.home(party)
        return home / "cert.pem", home / "key.pem", home / "ca.pem"

    def spec(self, job_id: str, roles: dict[str, int], algorithm: str = "example", **fields) -> JobSpec:
        peers = [
            JobPeer(
                role=role,
                party=party,
                host="127.0.0.1",
                data_port=self.infos[party].data_port,
                fingerprint=self.infos[party].fingerprint,
            )
            for role, party in roles.items()
        ]
        base = {
            "job_id": job_id,
            "project": "p",
            "algorithm": algorithm,
            "options": {},
            "roles": peers,
            "role_datasets": {},
            "model_id": "m",
            "privacy": "sealed",
            "created": "2026-01-01T00:00:00Z",
        }
        return JobSpec(**{**base, **fields})

    def states(self, party: int, job_id: str) -> dict[str, dict]:
        return {status["role"]: status for status in self.client(party).call("GET", f"/v1/jobs/{job_id}")}

    def until(self, party: int, job_id: str, *states: str, seconds: float = 15.0) -> dict[str, dict]:
        end = time.monotonic() + seconds
        while True:
            found = self.states(party, job_id)
            if all(status["state"] in states for status in found.values()):
                return found
            assert time.monotonic() < end, f"job {job_id} is {msgspec.json.encode(found)!r} after {seconds} s"
            time.sleep(0.03)

    def kill(self, party: int, number: int = signal.SIGKILL) -> int:
        process = self.processes.pop(party)
        process.send_signal(number)
        code = process.wait(15)
        process.stderr.close()
        return code

    def close(self) -> None:
        for party in list(self.processes):
            self.kill(party, signal.SIGTERM)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
