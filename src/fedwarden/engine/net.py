"""What the mathematics asks of the world: ordered, authenticated, private messages between roles.

The engine never opens a socket; tests give it queues between threads, workers give it TLS channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


class Net(Protocol):
    """One role's view of its peers. Between each pair of roles messages arrive once, whole and in order."""

    def send(self, to: str, tag: str, *arrays: Array) -> None:
        """Queues a message. The arrays must not be changed by the caller afterwards. May block (back-pressure)."""

    def recv(self, frm: str, tag: str, limit: int) -> Sequence[Array]:
        """The next message of ``frm``, which must carry ``tag`` and hold at most ``limit`` bytes of array data.

        Raises whatever the transport raises when the peer is gone, silent, out of turn or too large.
        """
