"""A regulator on this machine and parties on the rig's hosts, driven by script.py alone and judged from outside."""

from __future__ import annotations

import ast
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fedwarden.cli.leftovers import end_processes_under
from rig.fixture import Rig

ROOT = Path(__file__).resolve().parents[2]
PYTHON = str(Path(sys.base_prefix) / "bin" / "python3")


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        return f"exit {self.code} after {self.seconds:.1f} s\nstdout: {self.out}\nstderr: {self.err}"


@contextlib.contextmanager
def world_on(rig: Rig, base: Path) -> Iterator[World]:
    """Whatever a test does, the regulator's own arbiter does not outlive it; the hosts' agents go with the rig."""
    made = World(base, rig)
    try:
        yield made
    finally:
        end_processes_under(base)


class World:
    def __init__(self, base: Path, rig: Rig) -> None:
        self.home, self.rig = base / "home", rig
        self.ips = [host.ip for host in rig.hosts]
        self.passwords = [host.passwords["root"] for host in rig.hosts]

    def script(self, *words: object, stdin: str = "", timeout: float = 240, **environment: str) -> Run:
        return self._run([PYTHON, str(ROOT / "script.py")], words, stdin, timeout, environment)

    def cli(self, *words: object, stdin: str = "", timeout: float = 240, **environment: str) -> Run:
        return self._run([sys.executable, "-P", "-m", "fedwarden"], words, stdin, timeout, environment)

    def _run(
        self, program: list[str], words: tuple[object, ...], stdin: str, timeout: float, environment: dict[str, str]
    ) -> Run:
        begin = time.monotonic()
        done = subprocess.run(
            [*program, *map(str, words)],
            env=self.environment(**environment),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd="/",
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr, time.monotonic() - begin)

    def lists(self, count: int) -> list[object]:
        return ["-id", *range(1, count + 1), "-ip", *self.ips[:count]]

    def deploy(self, count: int, *words: object, stdin: str = "", **environment: str) -> Run:
        return self.script("-f", "deploy", *self.lists(count), *words, stdin=stdin, **environment)

    def delete(self, count: int, *words: object, stdin: str = "", **environment: str) -> Run:
        return self.script("-f", "delete", *self.lists(count), *words, stdin=stdin, **environment)

    def finished(self, run: Run, seconds: float = 120) -> list[str]:
        """The words of query when no role waits or runs any more."""
        job = ast.literal_eval(run.out)["jobid"]
        end = time.monotonic() + seconds
        while True:
            words = self.script("-f", "query", "-jid", job).out.split()
            if not {"waiting", "running"} & set(words) or time.monotonic() > end:
                return words
            time.sleep(0.5)

    def environment(self, **more: str) -> dict[str, str]:
        """What a regulator's command runs with."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FEDWARDEN_", "SSH_AUTH", "PYTHON"))}
        return kept | {"FEDWARDEN_HOME": str(self.home), "FEDWARDEN_LANG": "en"} | more

    def footprint(self, number: int) -> set[str]:
        """What a host has: each file and folder where programs put theirs, listening ports, processes."""
        said = self.rig.shell(
            number,
            "find /etc /opt /usr/local /root /home /data /tmp /var /run /dev/shm 2>/dev/null;"
            " ss -Hltn | awk '{print \"listens \" $4}'; ps -eo args= | grep -vE '^(ps|find|ss|awk|grep|sh) '",
        )
        return set(said.splitlines())

    def left(self, number: int) -> str:
        """What of ours a host still has: folders, processes, listening ports, units."""
        return self.rig.shell(
            number,
            "ls -d /opt/fedwarden ~deploy/.fedwarden /etc/systemd/system/fedwarden* 2>/dev/null;"
            " pgrep -fa '[f]edwarden.party'; ss -Hltn | grep -vE ':22 '; true",
        )
