"""A regulator with parties 1 and 2 on this machine, and a third party that joins by its own hand: real processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FEDWARDEN = [sys.executable, "-P", "-m", "fedwarden"]
LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


class World:
    """``verb`` runs one command of the regulator, ``party`` one of the third party's operator."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.home, self.party_home = base / "regulator", base / "own-hand"
        # ports that nobody else takes while this party's agent is stopped
        low = 20_000 + os.getpid() * 16 % 10_000
        self.place = ["--bind", LOCAL, "--advertise", LOCAL]
        for more, name in enumerate(("control", "data", "serving")):
            self.place += [f"--{name}-port", low + more]
        self.listener: subprocess.Popen[str] | None = None
        self.address = ""
        self.processes: list[subprocess.Popen[str]] = []

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("FEDWARDEN_")}
        kept |= {key: value for key, value in os.environ.items() if key == "FEDWARDEN_PORT_SHIFT"}
        return kept | {
            "FEDWARDEN_HOME": str(self.home),
            "FEDWARDEN_PARTY_HOME": str(self.party_home),
            "FEDWARDEN_LANG": "en",
        }

    def verb(self, *words: object, stdin: str = "", timeout: float = 120) -> Run:
        done = subprocess.run(
            [*FEDWARDEN, *map(str, words)],
            env=self._environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd="/",
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def good(self, *words: object, **options: Any) -> dict[str, Any]:
        done = self.verb(*words, "--json", **options)
        assert done.code == 0, (words, done)
        return done.json

    def refused(self, *words: object, **options: Any) -> str:
        """The code of the refusal, of which stderr has one line."""
        done = self.verb(*words, "--json", **options)
        assert done.code != 0, (words, done)
        assert len(done.err.strip().splitlines()) == 1, done
        assert "{" not in done.err, done
        return str(done.json["code"])

    def start(self, *words: object) -> subprocess.Popen[str]:
        made = subprocess.Popen(
            [*FEDWARDEN, *map(str, words)],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
        )
        self.processes.append(made)
        return made

    def listen(self) -> None:
        """`fedwarden enrol` at a free port, which it says."""
        self.listener = self.start("enrol", "--listen", f"{LOCAL}:0", "--for", "30m")
        line = self.listener.stdout.readline()
        self.address = re.search(r"listening at (\S+) for", line)[1]

    def hush(self) -> str:
        """Ends the listener as Ctrl-C does; what it said."""
        self.listener.send_signal(signal.SIGINT)
        said = self.listener.communicate(timeout=20)[0]
        assert self.listener.returncode == 0, said
        return said

    def invite(self, party: int = 3, valid: str = "24h") -> Path:
        file = self.base / f"invitation-{party}-{time.monotonic_ns()}.txt"
        self.good("invite", "--party", party, "--at", self.address, "--valid", valid, "--output", file)
        return file

    def request(self) -> dict[str, Any]:
        """The request that waits for approval."""
        end = time.monotonic() + 20
        while True:
            asked = [one for one in self.good("invitations")["invitations"] if one["state"] == "asked"]
            if asked:
                return asked[0]
            assert time.monotonic() < end, "nobody asks"
            time.sleep(0.2)

    def join(self, invitation: Path, *words: object) -> dict[str, Any]:
        """join, seen and approved with the fingerprint that it shows; what it answers."""
        joining = self.start("party", "join", invitation, *self.place, *words)
        first = joining.stdout.readline()
        shown = re.search(r"Request (i\d+) waits.*: ([0-9a-f]{64})$", first.strip())
        assert shown, first
        self.good("approve", shown[1], "--fingerprint", shown[2])
        said = joining.communicate(timeout=120)[0]
        assert joining.returncode == 0, said
        return {"id": shown[1], "fingerprint": shown[2], "said": said}

    def upload(self, project: str, *parties: int) -> None:
        words: list[object] = ["upload", "--project", project]
        for place, party in enumerate(parties):
            path = self.base / f"{project}-{party}.csv"
            columns = "id,y,a" if place == 0 else "id,b"
            rows = [f"p{k},{k * 7 % 3 % 2},{k % 11}" if place == 0 else f"p{k},{k * 7 % 3}" for k in range(300)]
            path.write_text("\n".join([columns, *rows]) + "\n")
            words += ["--guest" if place == 0 else "--host", f"{party}={path}"]
        self.good(*words)

    def adds(self, project: str) -> bool:
        """Whether the parties of the project can do a job together: a secure addition."""
        words = ("train", "--project", project, "--algorithm", "example")
        return bool(self.good(*words)["state"] == "success")

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)
            process.stdout.close()
        with contextlib.suppress(Exception):
            self.verb("party", "stop")
        if self.home.exists():
            self.verb("destroy", "--yes")
