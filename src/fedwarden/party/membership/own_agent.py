"""The party's own hand on its agent: started here as a service of systemd or as a daemon, stopped, cleared away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fedwarden.common import usual_ports
from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import DeployError, FedwardenError
from fedwarden.common.files import read_struct, write_atomic
from fedwarden.party.home import Home
from fedwarden.remote.unit import unit_text

READY_SECONDS, END_SECONDS = 45.0, 20.0
#: What ``leave`` removes of a home; anything else there is not ours.
FILES = (
    *("key.pem", "csr.pem", "cert.pem", "ca.pem", "key.next.pem", "cert.next.pem", "agent.json", "agent.lock"),
    *("agent.out.log", "init.log", "peers.json", "pins.json", "membership.json", "revoked.json", "tokens.json"),
    *("tokens.lock", "pins.lock"),
    *("bindings.json", "predictions.json", "environment"),
)
FOLDERS = ("datasets", "jobs", "models")


class Ports(NamedTuple):
    """To begin with; an agent keeps the ones that it has once listened on."""

    control: int
    data: int
    serving: int


USUAL = Ports(**usual_ports.USUAL)


def running(home: Home) -> int | None:
    """The process of this home's agent, if there is one; read from /proc, so that a reused id is never hit."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(home.agent_lock.read_text().strip() or "0")
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"fedwarden.party.agent" in words and os.fsencode(home.root) in words:
            return pid
    return None


def start(home: Home, party: int, bind: str, ports: Ports = USUAL) -> AgentInfo:
    """Starts the agent, or finds it running; answers when it listens. ``ports``: to begin with.

    Raises DeployError FW-DEP-064 (no agent's folder), FW-DEP-524 (it ended at once, or does not listen).
    """
    if not home.cert.exists():
        raise DeployError("FW-DEP-064", home=str(home.root))
    if running(home) is None:
        words = [sys.executable, "-P", "-m", "fedwarden.party.agent", "--home", str(home.root), "--bind", bind]
        words.append("--any-port")
        for name in ports._fields:
            words += [f"--{name}-port", str(getattr(ports, name))]
        ended = _as_service(home, party, words) if _systemd() else _as_daemon(home, words)
    else:
        ended = lambda: running(home) is None  # noqa: E731
    return _await(home, party, ended)


def _await(home: Home, party: int, ended: Callable[[], bool]) -> AgentInfo:
    end = time.monotonic() + READY_SECONDS
    while True:
        with contextlib.suppress(FileNotFoundError, FedwardenError):
            info = read_struct(home.agent_json, AgentInfo)
            if info.pid == running(home):
                return info
        if ended():
            raise DeployError("FW-DEP-524", party=party, why=_last_words(home))
        if time.monotonic() > end:
            raise DeployError("FW-DEP-524", party=party, why=f"> {READY_SECONDS:.0f} s")
        time.sleep(0.05)


def _as_daemon(home: Home, words: list[str]) -> Callable[[], bool]:
    descriptor = os.open(_output(home), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor, cwd="/", start_new_session=True
        )
    finally:
        os.close(descriptor)
    return lambda: process.poll() is not None


def _as_service(home: Home, party: int, words: list[str]) -> Callable[[], bool]:
    text = unit_text(party, words, str(_output(home)), root=os.geteuid() == 0)
    write_atomic(_unit(party), text.encode(), 0o644)
    for step in (["daemon-reload"], ["enable", "--now", _unit(party).name]):
        done = _control(*step)
        if done.returncode:
            raise DeployError("FW-DEP-524", party=party, why=done.stderr.strip()[-200:] or f"systemctl {step[0]}")
    return lambda: _control("is-active", "--quiet", _unit(party).name).returncode != 0


def stop(home: Home, party: int) -> None:
    """Ends the agent, which ends its jobs as failed. Raises DeployError FW-DEP-011 when it does not end."""
    if _unit(party).exists() and str(home.root) in _unit(party).read_text("utf-8"):
        _control("disable", "--now", _unit(party).name)
        _unit(party).unlink(missing_ok=True)
        _control("daemon-reload")
    begun = time.monotonic()
    while (pid := running(home)) is not None:
        gone = time.monotonic() - begun
        if gone > END_SECONDS:
            raise DeployError("FW-DEP-011", party=party, pids=[pid])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM if gone < END_SECONDS / 2 else signal.SIGKILL)
        time.sleep(0.2)


def clear(home: Home) -> list[str]:
    """Removes keys, models, registrations and records; the operator's policy, the audit log and everything that is not
    ours stay: their names."""
    for name in FILES:
        (home.root / name).unlink(missing_ok=True)
    for path in home.root.glob("agent.log*"):
        path.unlink()
    for name in FOLDERS:
        shutil.rmtree(home.root / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        home.root.rmdir()
    return sorted(path.name for path in home.root.iterdir()) if home.root.exists() else []


def _systemd() -> bool:
    if not Path("/run/systemd/system").exists():
        return False
    if os.geteuid() == 0:
        return True
    return subprocess.run(["loginctl", "enable-linger"], capture_output=True, check=False).returncode == 0


def _unit(party: int) -> Path:
    name = f"fedwarden-joined-party-{party}.service"
    if os.geteuid() == 0:
        return Path("/etc/systemd/system") / name
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return config / "systemd" / "user" / name


def _control(*words: str) -> subprocess.CompletedProcess[str]:
    user = [] if os.geteuid() == 0 else ["--user"]
    return subprocess.run(["systemctl", *user, *words], capture_output=True, text=True, timeout=60, check=False)


def _output(home: Home) -> Path:
    return home.root / "agent.out.log"


def _last_words(home: Home) -> str:
    with contextlib.suppress(OSError):
        lines = [line for line in _output(home).read_text("utf-8", "replace").splitlines() if line.strip()]
        if lines:
            return lines[-1].removeprefix("error: ").rstrip(".")[:300]
    return "it said nothing"
