"""Which processes of this machine are an agent's: read from /proc, so that a reused process id is never hit."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

AGENT = b"fedwarden.party.agent"


def arguments_of(pid: int) -> list[bytes]:
    """The command line; empty for one that is gone, a zombie, or another user's."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return []


def is_agent(pid: int, home: Path) -> bool:
    """Whether ``pid`` really is the agent of ``home``."""
    words = arguments_of(pid)
    return AGENT in words and _names(words, home)


def processes_of(home: Path) -> list[int]:
    """Every process that was started for ``home``: its agent, its jobs' workers."""
    ours = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _names(arguments_of(int(entry.name)), home):
            ours.append(int(entry.name))
    return sorted(ours)


def _names(words: list[bytes], home: Path) -> bool:
    place = words.index(b"--home") if b"--home" in words else len(words)
    return place + 1 < len(words) and words[place + 1] == os.fsencode(home)


def agent_of(home: Path) -> int | None:
    """The process id of the running agent of ``home``, if there is one."""
    return next((pid for pid in processes_of(home) if is_agent(pid, home)), None)


def end_all(home: Path, seconds: float) -> list[int]:
    """SIGTERM, after half of ``seconds`` SIGKILL, to whatever was started for ``home``; those that are left."""
    begin = time.monotonic()
    sent = None
    while left := processes_of(home):
        gone = time.monotonic() - begin
        if gone > seconds:
            return left
        wanted = signal.SIGTERM if gone < seconds / 2 else signal.SIGKILL
        if wanted is not sent:
            sent = wanted
            for pid in left:
                if _names(arguments_of(pid), home):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, wanted)
        time.sleep(0.02)
    return []
