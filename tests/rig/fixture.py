"""The rig as pytest sees it: fresh hosts per module, or a skip that says why there are none here.

``FEDWARDEN_REQUIRE_RIG=1`` turns the skip into a failure, for machines that are meant to have it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
SLOTS = 20  # rigs of test sessions that run at once


@dataclass(frozen=True)
class Host:
    number: int
    name: str
    ip: str
    key: Path
    known_hosts: Path
    host_key: str
    passwords: dict[str, str]
    data: Path  # where this machine sees the host's /data


class Rig:
    """``hosts.sh`` with one environment; every call has a deadline and shows what it printed when it fails."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.hosts: list[Host] = []

    def call(self, *words: str, stdin: str | None = None, seconds: float = 120) -> str:
        done = subprocess.run(
            ["bash", str(HERE / "hosts.sh"), *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            input=stdin or "",
            timeout=seconds,
            check=False,
            umask=0o022,  # the hosts' users read what is made here, whatever a test before this one has set
        )
        if done.returncode:
            raise AssertionError(f"hosts.sh {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def up(self, count: int, *, docker: bool = False) -> None:
        self.call("up", str(count), *(["--docker"] if docker else []))
        wanted = ("number", "name", "ip", "host_key", "passwords")
        self.hosts = [
            Host(
                **{name: entry[name] for name in wanted},
                key=Path(entry["key"]),
                known_hosts=Path(entry["known_hosts"]),
                data=Path(entry["data"]),
            )
            for entry in json.loads(self.call("info"))["hosts"]
        ]

    def on(self, number: int, *words: str) -> str:
        """What ``words`` print as root on that host; not through its network."""
        return self.call("exec", str(number), *words)

    def shell(self, number: int, script: str) -> str:
        return self.on(number, "sh", "-c", script)


def why_not(*, docker: bool = False) -> str:
    """Empty where hosts can be made."""
    words = ["bash", str(HERE / "hosts.sh"), "probe", *(["--docker"] if docker else [])]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout.strip() or done.stderr.strip() or f"exit {done.returncode}"


def need_rig(*, docker: bool = False) -> None:
    """Skips with the reason, or fails with it where the rig is required."""
    why = why_not(docker=docker)
    if why and os.environ.get("FEDWARDEN_REQUIRE_RIG") == "1":
        pytest.fail(f"FEDWARDEN_REQUIRE_RIG=1, but no simulated hosts here: {why}")
    if why:
        pytest.skip(f"no simulated hosts here: {why}")


@contextlib.contextmanager
def hosts(count: int, *, docker: bool = False, **settings: Any) -> Iterator[Rig]:
    """``count`` fresh hosts, gone afterwards; ``settings`` are hosts.sh's variables (RIG_PASSWORD="no" …). ``docker``:
    each with a Docker daemon of its own."""
    need_rig(docker=docker)
    base = Path("/var/tmp")
    with contextlib.ExitStack() as stack:
        for slot in range(1, SLOTS + 1):
            lock = stack.enter_context((base / f"fedwarden-rig-{slot}.lock").open("w"))
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
        else:
            raise AssertionError(f"{SLOTS} rigs run on this machine already")
        rig = Rig(
            {
                "RIG_STATE": str(base / f"fedwarden-rig-{slot}"),
                "RIG_PREFIX": f"fw{slot}x",
                "RIG_NET": f"10.98.{slot}",
                "RIG_ROOT_LOGIN": "yes",
                # a host must not be satisfied by what it sees of this checkout
                "RIG_HIDE": str(CHECKOUT),
                **{name: str(value) for name, value in settings.items()},
            }
        )
        stack.callback(rig.call, "down")
        rig.up(count, docker=docker)
        yield rig


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Three hosts that accept root and ``deploy`` by password and by the rig's key."""
    with hosts(3) as made:
        yield made
