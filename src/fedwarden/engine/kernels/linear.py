"""Products of ring columns (d, n) with vectors, in blocks of rows so that the running sums stay in the first-level
cache."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_BLOCK = 1024

# Loops run over slices: only then does the compiler see that an index is a plain step, and uses wide instructions.


@njit(cache=True, nogil=True)
def forward(columns: U64, vector: U64, out: U64, first: int, last: int) -> None:
    """out[i − first] += Σ_j columns[j, i]·vector[j] for rows first ≤ i < last."""
    d = columns.shape[0]
    whole = d - d % 4
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        total = out[start - first : stop - first]
        for j in range(0, whole, 4):
            v0, v1, v2, v3 = vector[j], vector[j + 1], vector[j + 2], vector[j + 3]
            x0, x1 = columns[j, start:stop], columns[j + 1, start:stop]
            x2, x3 = columns[j + 2, start:stop], columns[j + 3, start:stop]
            for i in range(total.shape[0]):
                total[i] += x0[i] * v0 + x1[i] * v1 + x2[i] * v2 + x3[i] * v3
        for j in range(whole, d):
            v0, x0 = vector[j], columns[j, start:stop]
            for i in range(total.shape[0]):
                total[i] += x0[i] * v0


@njit(cache=True, nogil=True)
def backward(columns: U64, rows: U64, out: U64, first: int, last: int) -> None:
    """out[j] += Σ_{first ≤ i < last} columns[j, i]·rows[i − first]."""
    d = columns.shape[0]
    whole = d - d % 4
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        r = rows[start - first : stop - first]
        for j in range(0, whole, 4):
            x0, x1 = columns[j, start:stop], columns[j + 1, start:stop]
            x2, x3 = columns[j + 2, start:stop], columns[j + 3, start:stop]
            s0, s1, s2, s3 = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
            for i in range(r.shape[0]):
                s0 += x0[i] * r[i]
                s1 += x1[i] * r[i]
                s2 += x2[i] * r[i]
                s3 += x3[i] * r[i]
            out[j] += s0
            out[j + 1] += s1
            out[j + 2] += s2
            out[j + 3] += s3
        for j in range(whole, d):
            x0, s0 = columns[j, start:stop], np.uint64(0)
            for i in range(r.shape[0]):
                s0 += x0[i] * r[i]
            out[j] += s0


@njit(cache=True, nogil=True)
def both(columns: U64, vector: U64, rows: U64, out_rows: U64, out_vector: U64, first: int, last: int) -> None:
    """``forward`` and ``backward`` over rows first ≤ i < last while each block of columns is in the cache: one pass
    over memory. ``rows`` and ``out_rows`` begin at row ``first``."""
    d = columns.shape[0]
    whole = d - d % 2
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        r, total = rows[start - first : stop - first], out_rows[start - first : stop - first]
        for j in range(0, whole, 2):
            v0, v1 = vector[j], vector[j + 1]
            x0, x1 = columns[j, start:stop], columns[j + 1, start:stop]
            s0, s1 = np.uint64(0), np.uint64(0)
            for i in range(r.shape[0]):
                total[i] += x0[i] * v0 + x1[i] * v1
                s0 += x0[i] * r[i]
                s1 += x1[i] * r[i]
            out_vector[j] += s0
            out_vector[j + 1] += s1
        for j in range(whole, d):
            v0, x0, s0 = vector[j], columns[j, start:stop], np.uint64(0)
            for i in range(r.shape[0]):
                total[i] += x0[i] * v0
                s0 += x0[i] * r[i]
            out_vector[j] += s0
