"""Products of ring columns (d, n) with vectors, in blocks of rows so that the running sums stay in the first-level
cache."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_BLOCK = 1024


@njit(cache=True, nogil=True)
def forward(columns: U64, vector: U64, out: U64, first: int, last: int) -> None:
    """out[i − first] += Σ_j columns[j, i]·vector[j] for rows first ≤ i < last."""
    d = columns.shape[0]
    whole = d - d % 4
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        for j in range(0, whole, 4):
            v0, v1, v2, v3 = vector[j], vector[j + 1], vector[j + 2], vector[j + 3]
            for i in range(start, stop):
                out[i - first] += (
                    columns[j, i] * v0 + columns[j + 1, i] * v1 + columns[j + 2, i] * v2 + columns[j + 3, i] * v3
                )
        for j in range(whole, d):
            v0 = vector[j]
            for i in range(start, stop):
                out[i - first] += columns[j, i] * v0


@njit(cache=True, nogil=True)
def backward(columns: U64, rows: U64, out: U64, first: int, last: int) -> None:
    """out[j] += Σ_{first ≤ i < last} columns[j, i]·rows[i − first]."""
    d = columns.shape[0]
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        for j in range(d):
            total = np.uint64(0)
            for i in range(start, stop):
                total += columns[j, i] * rows[i - first]
            out[j] += total


@njit(cache=True, nogil=True)
def both(columns: U64, vector: U64, rows: U64, out_rows: U64, out_vector: U64, count: int) -> None:
    """``forward`` and ``backward`` over rows 0 … count−1 while each block of columns is in the cache: one pass over
    memory."""
    d = columns.shape[0]
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        for j in range(d):
            v = vector[j]
            total = np.uint64(0)
            for i in range(start, stop):
                out_rows[i] += columns[j, i] * v
                total += columns[j, i] * rows[i]
            out_vector[j] += total
