"""A regulator on this machine and parties on the rig's hosts, driven by script.py alone and judged from outside."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

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
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FEDWARDEN_", "SSH_AUTH", "PYTHON"))}
        begin = time.monotonic()
        done = subprocess.run(
            [*program, *map(str, words)],
            env=kept | {"FEDWARDEN_HOME": str(self.home), "FEDWARDEN_LANG": "en"} | environment,
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

    def left(self, number: int) -> str:
        """What of ours a host still has: folders, processes, listening ports, units."""
        return self.rig.shell(
            number,
            "ls -d /opt/fedwarden ~deploy/.fedwarden /etc/systemd/system/fedwarden* 2>/dev/null;"
            " pgrep -fa '[f]edwarden.party'; ss -Hltn | grep -vE ':22 '; true",
        )
