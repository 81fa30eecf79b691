"""Which processes still belong to a home folder: agents and workers carry it on their command line."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from fedwarden.common.errors import StateError
from fedwarden.common.files import locked

#: Where a demo lives below the temporary folder, and what it holds while it lives.
DEMO, LOCK = "fedwarden-demo-", "demo.lock"


def end_dead_demos(below: Path | None = None) -> int:
    """Ends the agents and removes the folders of demos of this user that were killed; how many demos.

    A demo that lives holds its lock; a folder without one, or of somebody else, is left alone.
    """
    ended = 0
    for folder in (below or Path(tempfile.gettempdir())).glob(f"{DEMO}*"):
        lock = folder / LOCK
        with contextlib.suppress(StateError, OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or not lock.is_file():
                continue
            with locked(lock, 0.0):
                end_processes_under(folder)
                shutil.rmtree(folder, ignore_errors=True)
                ended += 1
    return ended


def processes_under(home: Path) -> list[int]:
    """Process ids (this one excepted) with an argument inside ``home``; zombies have none and do not count."""
    inside = os.fsencode(home.resolve())
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # gone meanwhile, or another user's
        if any(argument == inside or argument.startswith(inside + b"/") for argument in arguments):
            found.append(int(entry.name))
    return sorted(found)


def end_processes_under(home: Path, seconds: float = 5.0) -> list[int]:
    """Ends what ``processes_under`` finds: SIGTERM, after ``seconds`` SIGKILL. Returns the ids it had to end.

    A process id is looked at again right before each signal, so that a reused id is not hit.
    """
    ended = processes_under(home)
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for process in processes_under(home):
            try:
                os.kill(process, sent)
            except ProcessLookupError:
                continue
        end = time.monotonic() + seconds
        while processes_under(home) and time.monotonic() < end:
            time.sleep(0.05)
    return ended
