"""Products of two small or two tall matrices of ring elements (numpy has no fast product for 64-bit integers)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_BLOCK = 512


@njit(cache=True, nogil=True)
def multiply(left: U64, right: U64, out: U64) -> None:
    """out += left·right for shapes (m, k), (k, n), (m, n)."""
    m, k = left.shape
    n = right.shape[1]
    for i in range(m):
        for j in range(k):
            v = left[i, j]
            for c in range(n):
                out[i, c] += v * right[j, c]


@njit(cache=True, nogil=True)
def gram(left: U64, right: U64, out: U64, first: int, last: int) -> None:
    """out[a, b] += Σ_{first ≤ i < last} left[a, i]·right[b, i]: both given as contiguous columns, (d, rows)."""
    da, db = left.shape[0], right.shape[0]
    pairs = db - db % 4
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        for a in range(da):
            x = left[a, start:stop]  # slices: the compiler then sees that an index is a plain step
            for b in range(0, pairs, 4):
                y0, y1 = right[b, start:stop], right[b + 1, start:stop]
                y2, y3 = right[b + 2, start:stop], right[b + 3, start:stop]
                s0, s1, s2, s3 = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
                for i in range(x.shape[0]):
                    s0 += x[i] * y0[i]
                    s1 += x[i] * y1[i]
                    s2 += x[i] * y2[i]
                    s3 += x[i] * y3[i]
                out[a, b] += s0
                out[a, b + 1] += s1
                out[a, b + 2] += s2
                out[a, b + 3] += s3
            for b in range(pairs, db):
                y0, s0 = right[b, start:stop], np.uint64(0)
                for i in range(x.shape[0]):
                    s0 += x[i] * y0[i]
                out[a, b] += s0
