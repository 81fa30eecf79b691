"""Integers mod 2^64 and the reals they stand for.

A real r at scale f is round(r·2^f) in two's complement (protocol, section 1). Arrays of ring elements are
``numpy.uint64`` and wrap around; a matrix of n rows and d columns is kept as d contiguous columns, shape (d, n),
because both
products of training run along rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine.errors import RangeError

Ring = NDArray[np.uint64]
Reals = NDArray[np.float64]

LIMIT_BITS = 62  # every value that will be truncated stays in [−2^62, 2^62)


def encode(values: Reals, scale: int) -> Ring:
    """round(r·2^scale) as ring elements, same shape. Raises RangeError where |r|·2^scale ≥ 2^62 or r is not finite."""
    scaled = np.rint(np.asarray(values, dtype=np.float64) * 2.0**scale)
    if not np.all(np.abs(scaled) < 2.0**LIMIT_BITS):  # also false for NaN
        raise RangeError(what="encoded value", bound=2.0 ** (LIMIT_BITS - scale))
    return np.ascontiguousarray(scaled.astype(np.int64)).view(np.uint64)


def decode(values: Ring, scale: int) -> Reals:
    """The reals that ring elements stand for at ``scale``, same shape."""
    reals: Reals = np.ascontiguousarray(values).view(np.int64).astype(np.float64)
    reals *= 2.0**-scale
    return reals


def ring_int(value: int) -> np.uint64:
    """A Python integer of any sign as one ring element."""
    return np.uint64(value & 0xFFFFFFFFFFFFFFFF)
