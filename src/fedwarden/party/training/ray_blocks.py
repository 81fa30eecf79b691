"""A party's matrices held by the workers of its own Ray cluster, which make the products. Optional.

Each worker holds one range of rows. Vectors go to it, and what comes back has a value per row of its range, or a value
per column, which is added up here. Nothing goes to another party by this way.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fedwarden.engine.ring import Ring
from fedwarden.engine.tall import Stored, Tall
from fedwarden.party.training.blocks import Memory

#: In the agent's environment: how many workers, and where the cluster is: ``2`` or ``8@10.0.0.5:6379``.
VARIABLE = "FEDWARDEN_RAY"
CONNECT_SECONDS = 5.0


def wished() -> tuple[int, str | None] | None:
    """Workers and address; None where the party's operator wishes no cluster. Raises ValueError for anything else."""
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    workers, _, address = text.partition("@")
    if int(workers) < 1:
        raise ValueError(text)
    return int(workers), address or None


class Holder:
    """One worker's rows of one matrix. Its methods run in the worker's process."""

    def __init__(self, columns: int, rows: int) -> None:
        self.part = Stored(np.empty((columns, rows), dtype=np.uint64))

    def write(self, column: int, row: int, part: Ring) -> None:
        self.part.write(column, row, part)

    def read(self, column: int, count: int, first: int, last: int) -> Ring:
        return np.ascontiguousarray(self.part.read(column, count)[:, first:last])

    def product(self, vector: Ring | None, rows: Ring | None, columns: int, first: int, last: int) -> tuple[Ring, Ring]:
        """``forward`` with ``vector``, ``backward`` with ``rows``, each where it is given, from zeros."""
        part = self.part.head(columns)
        ahead, back = np.zeros(last - first, dtype=np.uint64), np.zeros(columns, dtype=np.uint64)
        if vector is not None and rows is not None:
            part.both(vector, rows, ahead, back, first, last)
        elif vector is not None:
            part.forward(vector, ahead, first, last)
        elif rows is not None:
            part.backward(rows, back, first, last)
        return ahead, back


class RayTall(Tall):
    """A matrix in ranges of rows, one at each of ``holders``: actors with the methods of :class:`Holder`."""

    def __init__(self, columns: int, rows: int, step: int, holders: list[Any], get: Callable[[Any], Any]) -> None:
        super().__init__(columns, rows, step)
        self._holders, self._get = holders, get

    def view(self, start: int, stop: int) -> tuple[Ring, int]:
        parts = [it.read.remote(0, self.columns, first, last) for it, first, last, _ in self._ranges(start, stop)]
        return np.ascontiguousarray(np.hstack(self._get(parts))), 0

    def write(self, column: int, row: int, part: Ring) -> None:
        done = []
        for holder, first, last, at in self._ranges(row, row + part.shape[1]):
            inside = np.ascontiguousarray(part[:, at - row : at - row + last - first])
            done.append(holder.write.remote(column, first, inside))
        self._get(done)

    def read(self, column: int, count: int) -> Ring:
        parts = [it.read.remote(column, count, first, last) for it, first, last, _ in self._ranges(0, self.rows)]
        return np.ascontiguousarray(np.hstack(self._get(parts)))

    def head(self, columns: int) -> RayTall:
        return RayTall(columns, self.rows, self.step, self._holders, self._get)

    def forward(self, vector: Ring, out: Ring, first: int, last: int) -> None:
        self._product(vector, None, out, None, first, last)

    def backward(self, rows: Ring, out: Ring, first: int, last: int) -> None:
        self._product(None, rows, None, out, first, last)

    def both(self, vector: Ring, rows: Ring, out_rows: Ring, out_columns: Ring, first: int, last: int) -> None:
        self._product(vector, rows, out_rows, out_columns, first, last)

    def _product(
        self, vector: Ring | None, rows: Ring | None, ahead: Ring | None, back: Ring | None, first: int, last: int
    ) -> None:
        ranges = list(self._ranges(first, last))
        asked = [
            holder.product.remote(
                vector, None if rows is None else rows[at - first : at - first + b - a], self.columns, a, b
            )
            for holder, a, b, at in ranges
        ]
        for (_, a, b, at), (part_ahead, part_back) in zip(ranges, self._get(asked), strict=True):
            if ahead is not None:
                ahead[at - first : at - first + b - a] += part_ahead
            if back is not None:
                back += part_back

    def _ranges(self, first: int, last: int) -> Iterator[tuple[Any, int, int, int]]:
        """(holder, its first row, its last row + 1, the matrix's row of that first one)."""
        for place, holder in enumerate(self._holders):
            begin = place * self.step
            start, stop = max(first, begin), min(last, begin + self.step, self.rows)
            if start < stop:
                yield holder, start - begin, stop - begin, start


def _look(address: str) -> None:
    """Ray itself waits for minutes where nobody listens. Raises OSError."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()


class OnRay(Memory):
    """Matrices on ``workers`` workers of the cluster at ``address``, or of one started here for this process.

    Raises ImportError, OSError or ConnectionError where there is no such cluster.
    """

    def __init__(self, workers: int, address: str | None = None) -> None:
        if address is not None:
            _look(address)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
        import ray  # the optional extra

        if not ray.is_initialized():
            here: dict[str, Any] = {"num_cpus": workers} if address is None else {}
            ray.init(address=address, include_dashboard=False, log_to_driver=False, **here)
        self._ray, self._workers = ray, workers

    def room(self, columns: int, rows: int) -> Tall:
        step = -(-rows // self._workers)
        sizes = [min(step, rows - start) for start in range(0, rows, step)]
        remote = self._ray.remote(num_cpus=0)(Holder)
        return RayTall(columns, rows, step, [remote.remote(columns, size) for size in sizes], self._ray.get)
