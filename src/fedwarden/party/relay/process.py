"""The arbiter's agent keeps its relay running: a process of its own, started again when it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import structlog

from fedwarden.party.home import Home

#: Seconds between the relay's end and its next start.
AGAIN_SECONDS = 1.0
COMMAND = (sys.executable, "-P", "-m", "fedwarden.party.relay")


class RelayProcess:
    """``listener`` stays the agent's: connections wait in it while the process starts again."""

    def __init__(self, home: Home, party: int, listener: socket.socket) -> None:
        self._home, self._party, self._listener = home, party, listener
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="relay", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def _keep(self) -> None:
        log = structlog.get_logger()
        number = self._listener.fileno()
        words = [*COMMAND, "--home", str(self._home.root), "--party", str(self._party), "--fd", str(number)]
        while not self._over.is_set():
            errors = os.open(self._home.root / "relay.out.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                self._process = subprocess.Popen(  # the words are ours; no shell
                    words,
                    stdin=subprocess.PIPE,  # its end is the word to stop
                    stdout=errors,
                    stderr=errors,
                    cwd="/",
                    pass_fds=(number,),
                    start_new_session=True,
                )
            except OSError as error:
                log.error("relay not started", why=error.strerror)
            finally:
                os.close(errors)
            if self._process is not None:
                code = self._process.wait()
                if not self._over.is_set():
                    log.warning("relay ended", code=code)
            self._over.wait(AGAIN_SECONDS)

    def restart(self) -> None:
        """The agent has a new key: the next process shows it."""
        if self._process is not None:
            self._process.terminate()

    def close(self) -> None:
        self._over.set()
        process = self._process
        if process is not None:
            process.terminate()
            process.wait(5)
            if process.stdin is not None:
                process.stdin.close()
        self._thread.join(5)
