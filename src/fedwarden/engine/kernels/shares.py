"""Element-wise steps on shares."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

U64 = NDArray[np.uint64]


@njit(cache=True, nogil=True)
def truncation_values(masks: U64, shifts: U64, out: U64) -> None:
    """The dealer's part: out[0] = r ≫ s, out[1] = r_63 for each mask r."""
    top = np.uint64(63)
    for i in range(masks.shape[0]):
        out[0, i] = masks[i] >> shifts[i]
        out[1, i] = masks[i] >> top


@njit(cache=True, nogil=True)
def truncation_shares(opened: U64, shifts: U64, dealt: U64, first_party: bool, out: U64) -> None:
    """A party's share of floor(x/2^s) or +1 from the opened e = x + 2^62 + r and its shares of (r ≫ s, r_63)."""
    one = np.uint64(1)
    top = np.uint64(63)
    for i in range(opened.shape[0]):
        e = opened[i]
        s = shifts[i]
        factor = (one - (e >> top)) << (np.uint64(64) - s)
        share = factor * dealt[1, i] - dealt[0, i]
        if first_party:
            share += (e >> s) - (one << (np.uint64(62) - s))
        out[i] = share


@njit(cache=True, nogil=True)
def blend(now: U64, before: U64, masks: U64, weight: np.uint64, weight_before: np.uint64, out: U64) -> None:
    """out = weight·now − weight_before·before + masks."""
    for i in range(out.shape[0]):
        out[i] = weight * now[i] - weight_before * before[i] + masks[i]
