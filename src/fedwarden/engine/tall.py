"""Matrices of ring elements with a row per sample, and the products that training makes with them, block by block.

A product over rows first … last − 1 is a map over blocks of rows; what has a value per column is the sum of the
blocks'. So a matrix need not be in memory: it must only be able to show one block at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import numpy as np

from fedwarden.engine.kernels import dense, linear
from fedwarden.engine.ring import Ring
from fedwarden.engine.streams import KeptStream


class Tall(ABC):
    """A matrix of ``columns`` × ``rows`` ring elements, shown ``step`` rows at a time. ``between`` is called when a
    block is done. Products add to ``out``; their vectors are C-contiguous."""

    def __init__(self, columns: int, rows: int, step: int, between: Callable[[], None] | None = None) -> None:
        self.columns, self.rows = columns, rows
        self.step = max(1, step)
        self.between = between

    @abstractmethod
    def view(self, start: int, stop: int) -> tuple[Ring, int]:
        """(array (columns, any), place in it of row ``start``), until the next call; at most ``step`` rows."""

    @abstractmethod
    def write(self, column: int, row: int, part: Ring) -> None:
        """Puts ``part`` (columns, rows) at this place."""

    @abstractmethod
    def read(self, column: int, count: int) -> Ring:
        """``count`` whole columns, (count, rows); not to be changed."""

    @abstractmethod
    def head(self, columns: int) -> Tall:
        """The same matrix without the columns after the first ``columns``."""

    def cuts(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The blocks of rows first … last − 1 as (start, stop)."""
        for start in range(first, last, self.step):
            yield start, min(start + self.step, last)
            if self.between is not None:
                self.between()

    def forward(self, vector: Ring, out: Ring, first: int, last: int) -> None:
        """out[i − first] += Σ_j M[j, i]·vector[j] for first ≤ i < last."""
        for start, stop in self.cuts(first, last):
            data, at = self.view(start, stop)
            linear.forward(data, vector, out[start - first : stop - first], at, at + stop - start)

    def backward(self, rows: Ring, out: Ring, first: int, last: int) -> None:
        """out[j] += Σ_{first ≤ i < last} M[j, i]·rows[i − first]."""
        for start, stop in self.cuts(first, last):
            data, at = self.view(start, stop)
            linear.backward(data, rows[start - first : stop - first], out, at, at + stop - start)

    def both(self, vector: Ring, rows: Ring, out_rows: Ring, out_columns: Ring, first: int, last: int) -> None:
        """``forward`` and ``backward`` in one pass over the matrix."""
        for start, stop in self.cuts(first, last):
            data, at = self.view(start, stop)
            inside = slice(start - first, stop - first)
            linear.both(data, vector, rows[inside], out_rows[inside], out_columns, at, at + stop - start)


class Stored(Tall):
    """A matrix that has an array of its own, (columns, rows) C-contiguous: in memory, or mapped from a file."""

    def __init__(self, data: Ring, step: int = 0, between: Callable[[], None] | None = None) -> None:
        super().__init__(data.shape[0], data.shape[1], step or data.shape[1], between)
        self.data = data

    def view(self, start: int, stop: int) -> tuple[Ring, int]:
        return self.data, start

    def write(self, column: int, row: int, part: Ring) -> None:
        self.data[column : column + part.shape[0], row : row + part.shape[1]] = part
        if self.between is not None:
            self.between()

    def read(self, column: int, count: int) -> Ring:
        if self.between is not None:
            self.between()
        return self.data[column : column + count]

    def head(self, columns: int) -> Stored:
        return Stored(self.data[:columns], self.step, self.between)


class Expanded(Tall):
    """A mask matrix that is nowhere: every block is made anew from its key stream when it is used."""

    def __init__(self, stream: KeptStream, columns: int, rows: int, step: int) -> None:
        super().__init__(columns, rows, min(step, rows))
        self._stream = stream
        self._room: Ring | None = None

    def view(self, start: int, stop: int) -> tuple[Ring, int]:
        if self._room is None:
            self._room = np.empty((self.columns, self.step), dtype=np.uint64)
        for column in range(self.columns):
            self._stream.fill(self._room[column, : stop - start], column * self.rows + start)
        return self._room, 0

    def write(self, column: int, row: int, part: Ring) -> None:
        raise TypeError("a mask has the values of its stream")

    def read(self, column: int, count: int) -> Ring:
        return self._stream.fill(np.empty((count, self.rows), dtype=np.uint64), column * self.rows)

    def head(self, columns: int) -> Expanded:
        return Expanded(self._stream, columns, self.rows, self.step)


def gram(left: Tall, right: Tall, out: Ring, first: int, last: int) -> None:
    """out[a, b] += Σ_{first ≤ i < last} left[a, i]·right[b, i]."""
    finer = left if left.step <= right.step else right
    for start, stop in finer.cuts(first, last):
        (a, at), (b, place) = left.view(start, stop), right.view(start, stop)
        if at != place:  # one of them shows its block alone: the kernel takes both from the same place on
            a, b = a[:, at : at + stop - start].copy(), b[:, place : place + stop - start].copy()
            at = 0
        dense.gram(a, b, out, at, at + stop - start)
