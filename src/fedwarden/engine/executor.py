"""Where a role's matrices are and what multiplies them: the one thing that differs between a table that fits into
memory, a larger one, and one that a cluster holds.

Everything with a value per row or per column stays in this process; only matrices, with a value per row *and* column,
go through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from fedwarden.engine.streams import Address, Streams
from fedwarden.engine.tall import Expanded, Stored, Tall

#: Bytes of one block where a matrix is not in memory as a whole.
BLOCK_BYTES = 16 << 20


class Executor(Protocol):
    """What a role asks for. The parties' executors are each party's own matter: no message depends on them."""

    def expect(self, rows: int, columns: Sequence[int]) -> None:
        """The public sizes of the training that follows, before anything is asked for: all parties' columns."""

    def room(self, columns: int, rows: int) -> Tall:
        """A matrix to be written before it is used."""

    def masks(self, streams: Streams, address: Address, columns: int, rows: int) -> Tall:
        """The matrix of a stream's values, in the order of whole columns."""

    def between(self) -> None:
        """Called when some rows of a party's own features were used."""


class InMemory:
    """The default: every matrix is an array, and a product is one call over all its rows."""

    def expect(self, rows: int, columns: Sequence[int]) -> None:
        pass

    def room(self, columns: int, rows: int) -> Tall:
        return Stored(np.empty((columns, rows), dtype=np.uint64))

    def masks(self, streams: Streams, address: Address, columns: int, rows: int) -> Tall:
        return Stored(streams.take(address, columns, rows))

    def between(self) -> None:
        pass


class Remade(InMemory):
    """Masks are not kept but made anew, block by block, in every use: a dealer's whole work in a fixed amount of
    memory, for about twice the time."""

    def masks(self, streams: Streams, address: Address, columns: int, rows: int) -> Tall:
        return Expanded(streams.keep(address), columns, rows, block_rows(columns))


def block_rows(columns: int, size: int = BLOCK_BYTES) -> int:
    """Rows of a block of about ``size`` bytes."""
    return max(256, size // (8 * max(columns, 1)))
