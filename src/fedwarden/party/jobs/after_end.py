"""For a worker that ended before it met everybody, its agent tells whoever still dials it why.

Only a role of the very same attempt of the job hears it, under its pinned key; everybody else is closed on.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from fedwarden.common.api import JobPeer, JobSpec, Role
from fedwarden.common.errors import FedwardenError
from fedwarden.common.files import read_struct
from fedwarden.identity.contexts import Credentials
from fedwarden.party.home import Home
from fedwarden.party.jobs.records import read_record
from fedwarden.transport.frames import BadFrame
from fedwarden.transport.introduction import Introduction
from fedwarden.transport.wire import Closed

#: Conversations at one time, and seconds for one.
MAX_TELLING, TELL_SECONDS = 16, 5.0


class AfterEnd:
    """Safe to use from several threads."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._credentials = Credentials(home.cert, home.key, home.ca)
        self._slots = threading.Semaphore(MAX_TELLING)

    def of(self, job_id: str, role: Role) -> Callable[[socket.socket], None] | None:
        """What takes a connection for this role once its worker is gone; None where there is nothing to tell."""
        try:
            spec = read_struct(self._home.spec(job_id), JobSpec)
            own = next(peer for peer in spec.roles if peer.role == role)
            record = read_record(self._home, spec, role, own.party)
        except (FedwardenError, FileNotFoundError, StopIteration):
            return None
        cause = record.cause
        if record.state != "failed" or cause is None or record.attempt != spec.attempt:
            return None
        return lambda connection: self._begin(connection, spec, own, cause)

    def _begin(self, connection: socket.socket, spec: JobSpec, own: JobPeer, cause: dict[str, Any]) -> None:
        """The listener closes its own descriptor as soon as this returns."""
        if not self._slots.acquire(blocking=False):
            return
        copy = connection.dup()
        threading.Thread(target=self._tell, args=(copy, spec, own, cause), name="after-end", daemon=True).start()

    def _tell(self, connection: socket.socket, spec: JobSpec, own: JobPeer, cause: dict[str, Any]) -> None:
        try:
            connection.settimeout(TELL_SECONDS)
            with contextlib.suppress(FedwardenError, ssl.SSLError, OSError, Closed, BadFrame):
                Introduction(spec, own, self._credentials).tell_the_end(connection, cause)
        finally:
            connection.close()
            self._slots.release()
