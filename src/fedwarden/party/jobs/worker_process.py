"""One worker process and the agent's end of the socket pair to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Any

from fedwarden.common.api import Role
from fedwarden.common.errors import JobError
from fedwarden.party.home import Home
from fedwarden.transport.handoff import AgentEnd, make_pair


class WorkerProcess:
    """A running ``python -m fedwarden.party.worker`` of one role of one job.

    ``ended`` is set once the process has been reaped; ``on_end`` is called before that, from a thread of its own.
    """

    def __init__(
        self, home: Home, job_id: str, role: Role, command: Sequence[str], on_end: Callable[[WorkerProcess], None]
    ) -> None:
        self.job_id, self.role = job_id, role
        self.ended = threading.Event()
        self.stop_cause: dict[str, Any] | None = None
        self.returncode: int | None = None
        self._on_end = on_end
        agent_side, worker_side = make_pair()
        words = [*command, "--home", str(home.root), "--job", job_id, "--role", role, "--fd", str(worker_side.fileno())]
        errors = os.open(home.job(job_id) / f"{role}.stderr.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # own session: a signal to the agent's group does not reach it; the end of the pair does
            self._process = subprocess.Popen(  # the words are ours; no shell
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,  # stays on this host: a traceback may quote data
                cwd="/",
                pass_fds=(worker_side.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            agent_side.close()
            raise JobError("FW-JOB-067", role=role, why=error.strerror or type(error).__name__) from error
        finally:
            os.close(errors)
            worker_side.close()
        self.pid = self._process.pid
        self._end = AgentEnd(agent_side)
        threading.Thread(target=self._wait, name=f"worker-{role}", daemon=True).start()

    def _wait(self) -> None:
        self.returncode = self._process.wait()
        self._end.close()
        try:
            self._on_end(self)
        finally:
            self.ended.set()

    def give_turn(self) -> None:
        with contextlib.suppress(OSError):  # a worker that is just ending is noticed by its end
            self._end.send_go()

    def hand_over(self, connection: socket.socket) -> None:
        """Passes the descriptor on; raises OSError when the worker is gone."""
        self._end.send_connection(connection)

    def ask_to_stop(self, cause: dict[str, Any]) -> None:
        self.stop_cause = self.stop_cause or cause
        with contextlib.suppress(OSError):
            self._end.send_stop(cause)

    def signal(self, number: signal.Signals) -> None:
        """To the worker's whole session; nothing if it has ended."""
        if not self.ended.is_set() and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def how_it_ended(self) -> str:
        """``signal 9`` or ``exit code 1``."""
        code = self.returncode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"
