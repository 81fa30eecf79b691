"""Agents on this machine: made, signed, started as daemons, awaited, ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import DeployError, StateError
from fedwarden.common.files import read_struct, write_atomic
from fedwarden.common.usual_ports import on_this_machine
from fedwarden.engines.base import Member
from fedwarden.engines.native.processes import agent_of, end_all
from fedwarden.engines.ways import relay_words
from fedwarden.identity.authority import CertificateAuthority

INIT_SECONDS = 30.0
READY_SECONDS = 45.0
END_SECONDS = 12.0
# -P: no module is taken from the current folder
PYTHON = (sys.executable, "-P", "-m")
# Started agents whose end must be collected as long as this process lives (the demo, a library's user).
_started: list[subprocess.Popen[bytes]] = []


def make(members: Sequence[Member], authority: CertificateAuthority) -> None:
    """Key and certificate for each member, the key made by the party's own program. Raises DeployError FW-DEP-008."""
    for member in members:
        try:
            Path(member.home).mkdir(parents=True, exist_ok=True, mode=0o700)
        except FileExistsError as error:  # something else lies there; what a disk refuses is told of elsewhere
            raise _not_made(member, str(error.strerror)) from None
    running = []
    try:
        for member in members:
            words = [*PYTHON, "fedwarden.party.init", "--home", member.home, "--party", str(member.party)]
            running.append((member, _popen(words, Path(member.home) / "init.log")))
        end = time.monotonic() + INIT_SECONDS
        for member, process in running:
            try:
                code = process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise _not_made(member, f"> {INIT_SECONDS:.0f} s") from None
            if code != 0:
                raise _not_made(member, last_words(Path(member.home) / "init.log"))
    finally:
        for _, process in running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
    for member in members:
        home = Path(member.home)
        certificate = authority.sign_party((home / "csr.pem").read_bytes(), member.party)
        write_atomic(home / "ca.pem", authority.certificate_pem)
        write_atomic(home / "cert.pem", certificate)


def start(members: Sequence[Member]) -> list[AgentInfo]:
    """Starts the agents, all at once, and waits until every one listens. Raises DeployError FW-DEP-006, -007."""
    running = []
    for member in members:
        home = Path(member.home)
        words = [*PYTHON, "fedwarden.party.agent", "--home", member.home, "--bind", _bind(member), "--any-port"]
        words += ["--data-bind", _bind(member, "data_bind")]
        words += relay_words(member)
        for name, port in zip(("control", "data", "serving"), wanted_ports(member), strict=True):
            words += [f"--{name}-port", str(port)]
        if member.control_port and not _ports_free(member):
            # An agent keeps the ports that agent.json tells of; somebody took them while it was dead.
            (home / "agent.json").unlink(missing_ok=True)
        process = _popen(words, home / "agent.out.log")
        _started.append(process)
        running.append((member, process))
    end = time.monotonic() + READY_SECONDS
    return [_await(member, process, end) for member, process in running]


def _bind(member: Member, key: str = "bind") -> str:
    return str(member.details.get(key) or member.details.get("bind") or member.host)


def wanted_ports(member: Member) -> tuple[int, int, int]:
    """Control, data, serving: those that it has, else those that its deployment names, else the usual ones.

    Raises UsageError FW-USE-830.
    """
    wanted = on_this_machine() | (member.details.get("ports") or {})
    return (
        member.control_port or int(wanted["control"]),
        member.data_port or int(wanted["data"]),
        member.serving_port or int(wanted["serving"]),
    )


def restart(members: Sequence[Member], *, as_told: bool = False) -> list[AgentInfo]:
    """Ends agents and starts them as the members say now; one without ports takes those that are wanted. ``as_told``:
    the members' ports go before what the agent remembers.

    Raises DeployError FW-DEP-006, -007, -011.
    """
    for member in members:
        if left := end_all(Path(member.home), END_SECONDS):
            raise DeployError("FW-DEP-011", party=member.party, pids=left)
        if as_told or not member.control_port:
            (Path(member.home) / "agent.json").unlink(missing_ok=True)
    return start(members)


def _ports_free(member: Member) -> bool:
    places = [(_bind(member), member.control_port), (_bind(member, "data_bind"), member.data_port)]
    places.append(("127.0.0.1", member.serving_port))
    if relay_port := member.details.get("relay") and member.details.get("relay_port"):
        places.append((_bind(member, "data_bind"), relay_port))
    for place in places:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(place)
                probe.listen(1)
            except OSError:
                return False
    return True


def told(member: Member) -> AgentInfo | None:
    """What the agent wrote about itself when it last listened."""
    with contextlib.suppress(FileNotFoundError, StateError):
        return read_struct(Path(member.home) / "agent.json", AgentInfo)
    return None


def _await(member: Member, process: subprocess.Popen[bytes], end: float) -> AgentInfo:
    home = Path(member.home)
    while True:
        with contextlib.suppress(FileNotFoundError, StateError):
            info = read_struct(home / "agent.json", AgentInfo)
            if info.pid == process.pid:
                return info
        if process.poll() is not None:
            raise DeployError("FW-DEP-006", party=member.party, why=last_words(home / "agent.out.log"))
        if time.monotonic() > end:
            raise DeployError("FW-DEP-007", party=member.party, seconds=round(READY_SECONDS))
        time.sleep(0.02)


def alive(member: Member) -> bool:
    """Whether the agent's process runs (not whether it answers)."""
    _collect()
    return agent_of(Path(member.home)) is not None


def remove(members: Sequence[Member]) -> None:
    """Ends whatever runs for the members and removes their folders. Raises DeployError FW-DEP-011, -443."""
    for member in members:
        left = end_all(Path(member.home), END_SECONDS)
        _collect()
        if left:
            raise DeployError("FW-DEP-011", party=member.party, pids=left)
        shutil.rmtree(member.home, ignore_errors=True)
        if Path(member.home).exists():
            raise DeployError("FW-DEP-443", party=member.party, home=member.home)
        with contextlib.suppress(OSError):
            Path(member.home).parent.rmdir()


def last_words(path: Path) -> str:
    """The last line a program left, without its own ``error:``."""
    with contextlib.suppress(OSError):
        lines = [line for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
        if lines:
            return lines[-1].removeprefix("error: ")[:300]
    return "it said nothing"


def _not_made(member: Member, why: str) -> DeployError:
    return DeployError("FW-DEP-008", party=member.party, why=why, folder=member.home)


def _popen(words: list[str], output: Path) -> subprocess.Popen[bytes]:
    _collect()
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor, cwd="/", start_new_session=True
        )
    finally:
        os.close(descriptor)


def _collect() -> None:
    _started[:] = [process for process in _started if process.poll() is None]
