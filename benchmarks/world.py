"""A deployment of two parties on this machine for measuring: own home, own ports, everything through script.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fedwarden.cli.leftovers import end_processes_under

ROOT = Path(__file__).resolve().parents[1]


class Failed(Exception):
    """A step did not do what it should; the text says which, and what it printed."""


class World:
    """``with World() as world``: deployed on entry, deleted on exit, nothing left running."""

    def __init__(self, hosts: int = 1) -> None:
        ids = [str(party) for party in range(1, hosts + 2)]
        self._parties = ["-id", *ids, "-ip", *["127.0.0.1"] * len(ids)]
        self._folder = tempfile.TemporaryDirectory(prefix="fedwarden-bench-")
        self.folder = Path(self._folder.name)
        self.home = self.folder / "home"

    def __enter__(self) -> World:
        try:
            self.script("deploy", *self._parties)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.script("delete", *self._parties)
        except (Failed, subprocess.TimeoutExpired) as error:
            print(f"note: {error}", file=sys.stderr)
        finally:
            end_processes_under(self.folder)
            self._folder.cleanup()

    def script(self, function: str, *arguments: str, seconds: float = 120) -> dict[str, Any]:
        """Runs one function of script.py with ``--json``; raises Failed with its words."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "script.py"), "-f", function, *arguments, "--json"],
            env={**os.environ, "FEDWARDEN_HOME": str(self.home), "FEDWARDEN_LANG": "en"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"{function}: {done.stdout.strip()} {done.stderr.strip()}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def train(self, project: str, algorithm: str, tables: list[Path], options: Path, seconds: float) -> str:
        """Uploads, submits, waits at most ``seconds``; the job id. Raises Failed when the job does not succeed."""
        hosts = [word for place, path in enumerate(tables[1:], 2) for word in (str(place), str(path))]
        self.script("upload", "-gp", "1", str(tables[0]), "-hp", *hosts, "-proj", project, seconds=600)
        job = str(
            self.script("submit", "-proj", project, "-alg", algorithm, "-m", "1", "--config", str(options))["jobid"]
        )
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.5)
            records = self.records(job)
            states = {record["state"] for record in records.values()}
            if "failed" in states:
                causes = [record.get("cause") for record in records.values() if record.get("cause")]
                raise Failed(f"job {job} failed: {causes}")
            if states == {"success"} and len(records) == len(tables) + 1:
                return job
        raise Failed(f"job {job} did not end within {seconds:.0f} s: {self.records(job)}")

    def records(self, job: str) -> dict[str, dict[str, Any]]:
        """Each role's record, from its agent's folder."""
        found = {}
        for path in self.home.glob(f"deployments/*/party-*/jobs/{job}/*.status.json"):
            record = json.loads(path.read_bytes())
            found[record["role"]] = record
        return found
