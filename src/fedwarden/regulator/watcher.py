"""Starts the process that lets jobs with ``retries`` go on (``watching.py``), unless it runs already."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

from fedwarden.common.files import held
from fedwarden.regulator.places import Places

# Started watchers whose end must be collected as long as this process lives (a library's user).
_started: list[subprocess.Popen[bytes]] = []


def ensure(places: Places) -> None:
    """Starts the home's watcher unless it is there. A failure to start it is no failure of the command."""
    _started[:] = [process for process in _started if process.poll() is None]
    if held(places.watcher_lock):
        return
    words = [sys.executable, "-P", "-m", "fedwarden.regulator.watching", "--home", str(places.home)]
    with contextlib.suppress(OSError):
        descriptor = os.open(places.watcher_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            null = subprocess.DEVNULL
            _started.append(
                subprocess.Popen(words, stdin=null, stdout=null, stderr=descriptor, cwd="/", start_new_session=True)
            )
        finally:
            os.close(descriptor)
