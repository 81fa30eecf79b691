"""FATE-Flow 2.2 in standalone mode on loopback: ports of its own, everything it writes below one folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fate_environment import package

START_SECONDS = 180.0
STOP_SECONDS = 30.0


@contextmanager
def flow(python: Path, folder: Path) -> Iterator[str]:
    """The URL of a running FATE-Flow; in the end nothing of it runs, and it has written nothing but in ``folder``.
    Raises AssertionError, with the end of what it said when it does not start."""
    code = package(python)
    shutil.copytree(code / "conf", folder / "conf")
    http, grpc = _free_ports()
    conf = folder / "conf" / "service_conf.yaml"
    text = conf.read_text().replace("http_port: 9380", f"http_port: {http}", 1)
    conf.write_text(text.replace("grpc_port: 9360", f"grpc_port: {grpc}", 1))
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    for name in ("own", "tmp"):
        (folder / name).mkdir()
    variables = os.environ | {
        "FATE_FLOW_HOME": str(folder),
        "HOME": str(folder / "own"),
        "TMPDIR": str(folder / "tmp"),
        "PATH": path,
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    began = time.time()
    said = folder / "said.log"
    with said.open("wb") as log:
        words = [str(python), str(code / "fate_flow_server.py")]
        server = subprocess.Popen(
            words, cwd=folder, env=variables, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{http}"
        _answers(url, server, said)
        yield url
    finally:
        _end(folder)
        server.wait(STOP_SECONDS)
    mark = f"FATE_FLOW_HOME={folder}".encode()
    assert not (left := list(_carrying(mark))), f"FATE's processes {left} still run"
    environment = python.parents[1]
    changed = [it for it in environment.rglob("*") if not it.is_symlink() and it.stat().st_mtime > began]
    assert not (files := [it for it in changed if it.is_file()]), f"FATE has written into its own code: {files[:5]}"


def _answers(url: str, server: subprocess.Popen[bytes], said: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/v2/server/fateflow", timeout=5) as answer:
                if re.search(rb'"version": ?"2\.2\.', answer.read()):
                    return
        except OSError:
            pass
        if server.poll() is not None or time.monotonic() > end:
            raise AssertionError(
                f"FATE-Flow did not start: {' '.join(said.read_text(errors='replace').split())[-400:]}"
            )
        time.sleep(0.5)


def _end(folder: Path) -> None:
    """The server, and whatever it started: every worker has a session of its own, but carries the folder's name."""
    mark = f"FATE_FLOW_HOME={folder}".encode()
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + STOP_SECONDS / 3
        while found := list(_carrying(mark)):
            for process in found:
                try:
                    os.kill(process, number)
                except ProcessLookupError:
                    continue
            if time.monotonic() > end:
                break
            time.sleep(0.2)


def _carrying(mark: bytes) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in entry.read_bytes().split(b"\0"):
                yield int(entry.parent.name)
        except OSError:  # another user's, or gone
            continue


def _free_ports() -> list[int]:
    sockets = [socket.socket() for _ in range(2)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
