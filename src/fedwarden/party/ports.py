"""The ports of an agent: chosen once, then the same at every start."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import DeployError, StateError
from fedwarden.common.files import read_struct

#: How many ports above the wanted one are tried.
TRIES = 400


class Wanted(NamedTuple):
    """Addresses and ports as they were asked for; ``relay`` 0: no relay; ``search``: the next free ones will do."""

    bind: str
    data_bind: str
    control: int
    data: int
    serving: int
    relay: int
    search: bool


def open_all(wanted: Wanted, before: AgentInfo | None, stack: ExitStack) -> list[socket.socket]:
    """Control, data, serving and, where wanted, relay; the ports of the run ``before`` if there was one. ``stack``
    closes them. Raises DeployError FW-DEP-061, -062."""
    places = [(wanted.bind, wanted.control, wanted.search), (wanted.data_bind, wanted.data, wanted.search)]
    places.append(("127.0.0.1", wanted.serving, wanted.search))
    if before is not None:
        known = (before.control_port, before.data_port, before.serving_port)
        places = [(host, port, False) for (host, _, _), port in zip(places, known, strict=True)]
    if wanted.relay:
        old = before.relay_port if before is not None else 0
        places.append((wanted.data_bind, old or wanted.relay, wanted.search and not old))
    return [stack.enter_context(closing(listen(host, port, search=search))) for host, port, search in places]


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
