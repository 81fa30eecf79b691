"""Where this party's cells and matrices are while it trains: in memory, or in files that are mapped block by block."""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine.executor import Executor, InMemory, Remade, block_rows
from fedwarden.engine.tall import Stored, Tall
from fedwarden.party.tables.nameless import nameless

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]


class Place(Executor, Protocol):
    """An executor that also holds the party's own table."""

    def cells(self, rows: int, columns: int) -> Reals:
        """Room for a table, (rows, columns)."""

    def arrange(self, cells: Reals, order: Rows) -> Reals:
        """The rows ``order`` of the table that ``cells`` holds, in this order; ``cells`` is not to be used any more."""


class Memory(InMemory):
    """Everything is an array."""

    def cells(self, rows: int, columns: int) -> Reals:
        return np.empty((rows, columns), dtype=np.float64)

    def arrange(self, cells: Reals, order: Rows) -> Reals:
        chosen: Reals = cells[order]
        return chosen


class Disk(Remade):
    """Cells and matrices are in files of this folder that have no name: nobody can open them, and they are gone with
    the process, however it ends. What was touched is given back after each block.

    A table has its columns one after another, as Parquet has. The first word about a full disk comes from here
    (OSError), never from an access to the mapping.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()

    def room(self, columns: int, rows: int) -> Tall:
        data = np.frombuffer(self._map(8 * columns * rows), dtype=np.uint64, count=columns * rows)
        return Stored(data.reshape(columns, rows), block_rows(columns), self.between)

    def cells(self, rows: int, columns: int) -> Reals:
        data = np.frombuffer(self._map(8 * columns * rows), dtype=np.float64, count=columns * rows)
        return data.reshape(columns, rows).T

    def arrange(self, cells: Reals, order: Rows) -> Reals:
        for column in range(cells.shape[1]):
            cells[: len(order), column] = cells[order, column]
            self.between()
        return cells[: len(order)]

    def between(self) -> None:
        """The mapped pages leave this process; the system writes them out or keeps them, as it has room."""
        for each in list(self._maps):
            each.madvise(mmap.MADV_DONTNEED)

    def _map(self, size: int) -> mmap.mmap:
        size = max(size, mmap.PAGESIZE)
        descriptor = nameless(self._folder)
        try:
            os.posix_fallocate(descriptor, 0, size)
            found = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        self._maps.add(found)
        return found


def disk_bytes(rows: int, own: int, others: Sequence[int]) -> int:
    """What ``Disk`` takes of its folder for a table of ``own`` columns: its cells, its matrix, the others' masked."""
    return 8 * rows * (2 * own + 1 + sum(others))
