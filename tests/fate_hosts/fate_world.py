"""FATE in small on the rig's hosts, each with a Docker of its own, driven by script.py, judged from outside."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fate_images

from fedwarden.engines.fate.versions import V1_4_4, Version
from multihost.multihost_world import Run, World
from rig.fixture import Rig, hosts

#: Archives are kept between runs: their names hold a hash of what is in them.
CACHE = Path("/var/tmp/fedwarden-rig-images")
FOLDER = "/opt/fedwarden/fate"


def images(version: Version = V1_4_4, **faults: str) -> Path:
    return fate_images.archive(version, CACHE, faults)


class FateWorld(World):
    """Logs in with the rig's key."""

    @property
    def key(self) -> dict[str, str]:
        return {"FEDWARDEN_SSH_KEY": str(self.rig.hosts[0].key)}

    def fate(self, function: str, *words: object, ids: list[int] | None = None, ips: list[str] | None = None) -> Run:
        """deploy or delete with ids and addresses (default: one party on every host)."""
        ids = ids or [host.number for host in self.rig.hosts]
        engine = ["-e", "fate"] if function == "deploy" else []
        return self.script(
            "-f", function, *engine, "-id", *ids, "-ip", *(ips or self.ips), *words, timeout=400, **self.key
        )

    def call(self, function: str, *words: object) -> Run:
        return self.script("-f", function, *words, **self.key)

    def ended(self, job: str, seconds: float = 120) -> list[str]:
        """The words of query when no role waits or runs any more."""
        end = time.monotonic() + seconds
        while True:
            words = self.call("query", "-jid", job).out.split()
            if not {"waiting", "running"} & set(words) or time.monotonic() > end:
                return words
            time.sleep(0.5)

    def containers(self, number: int) -> dict[str, tuple[str, str]]:
        """Name → (id, since when it runs); only running ones."""
        text = self.rig.shell(
            number,
            "docker ps -q --no-trunc | xargs -r docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}'",
        )
        return {line.split()[0].lstrip("/"): (line.split()[1], line.split()[2]) for line in text.splitlines()}

    def everything(self, number: int) -> list[str]:
        """Names of all containers, running or not."""
        return sorted(self.rig.shell(number, "docker ps -a --format '{{.Names}}'").split())

    def current(self, number: int, party: int) -> str:
        return self.rig.shell(number, f"readlink {FOLDER}/party-{party}/current || true").strip()

    def load(self, number: int, archive: Path) -> None:
        """As an operator would have done before."""
        (self.rig.hosts[number - 1].data / "images.tar").write_bytes(archive.read_bytes())
        self.rig.shell(number, "docker load -q -i /data/images.tar && rm /data/images.tar")


@contextlib.contextmanager
def world(count: int, **settings: Any) -> Iterator[FateWorld]:
    with hosts(count, docker=True, **settings) as rig, tempfile.TemporaryDirectory() as folder:
        yield FateWorld(Path(folder), rig)


@contextlib.contextmanager
def knocking(ips: list[str], ports: tuple[int, ...]) -> Iterator[list[str]]:
    """Somebody who is no party tries these ports all the time; the list tells every one that let him in."""
    inside: list[str] = []
    over = threading.Event()

    def knock(ip: str, port: int) -> None:
        while not over.wait(0.05):
            with contextlib.suppress(OSError), socket.create_connection((ip, port), 0.5):
                inside.append(f"{ip}:{port}")

    people = [threading.Thread(target=knock, args=(ip, port)) for ip in ips for port in ports]
    for one in people:
        one.start()
    try:
        yield inside
    finally:
        over.set()
        for one in people:
            one.join()


def fresh(rig: Rig) -> Iterator[FateWorld]:
    """Another regulator before the same hosts."""
    with tempfile.TemporaryDirectory() as folder:
        yield FateWorld(Path(folder), rig)


def code_of(run: Run, function: str) -> str:
    """The code of a failure that was asked for with ``--json``."""
    assert run.code == 1, run
    found = json.loads(run.out)
    assert found["retcode"] == 1, run
    assert found["message"] in run.err, f"{function}: {run}"
    assert re.search(r"\w", found["fix"]), run
    return str(found["code"])
