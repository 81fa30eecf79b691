"""The three ports of an agent: chosen once, then the same at every start."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import DeployError, StateError
from fedwarden.common.files import read_struct

#: How many ports above the wanted one are tried.
TRIES = 400


def listen(host: str, port: int, *, search: bool) -> socket.socket:
    """A listening socket at ``port`` or, with ``search``, at the next free one above it; port 0 lets the system choose.

    Raises DeployError FW-DEP-061 (taken) or FW-DEP-062 (the address cannot be used).
    """
    for candidate in range(port, min(port + (TRIES if search and port else 1), 65536)):
        # with the protocol named: asyncio switches Nagle's delay (40 ms a call) off only where it sees TCP
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, candidate))
            sock.listen(256)  # at once: two sockets that only bound can both hold one port
            sock.setblocking(False)
            return sock
        except OSError as error:
            sock.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise DeployError("FW-DEP-062", host=host, port=candidate, why=error.strerror) from error
    raise DeployError("FW-DEP-061", host=host, port=port)


def remembered(path: Path) -> AgentInfo | None:
    """What the last run of this agent wrote, if it is readable."""
    try:
        return read_struct(path, AgentInfo)
    except (FileNotFoundError, StateError):
        return None
