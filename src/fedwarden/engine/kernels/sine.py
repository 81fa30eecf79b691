"""Sine-series kernels in integers only: every party gets the same public factors bit for bit.

Angles are turns in 64 bits. (cos, sin) come from a table of 2^10 entries with a cubic correction, multiples by
Chebyshev's recurrence x_{k+1} = 2cos·x_k − x_{k−1} at 2^30 with rounding shifts.

Rows are taken in small blocks whose multiples stay in the first-level cache, in 32 bits, as a processor multiplies many
of those at once. Loops run over slices: only then does the compiler see that an index is a plain step.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
_BLOCK = 128  # rows
_TWO_PI_28 = 1686629713  # round(2π·2^28)
_THIRD_30 = 357913941  # round(2^30/3)


@njit(cache=True, nogil=True)
def unit(turns: U64, turn_shift: np.uint64, cosines: I64, sines: I64, c: I32, s: I32) -> None:
    """c, s = 2^30·(cos, sin) of the low bits of ``turns``, moved up by ``turn_shift`` to a whole turn of 2^64."""
    half = np.uint64(1 << 53)
    down = np.uint64(54)
    for i in range(turns.shape[0]):
        turn = turns[i] << turn_shift
        index = (turn + half) >> down
        rest = np.int64(turn - (index << down))
        slot = np.int64(index) & 1023
        theta = ((rest >> 22) * _TWO_PI_28) >> 30  # radians at 2^40
        theta30 = theta >> 10
        square = (theta30 * theta30) >> 31  # θ²/2 at 2^30
        cube = (((square * theta30) >> 30) * _THIRD_30) >> 30  # θ³/6 at 2^30
        c0 = cosines[slot]
        s0 = sines[slot]
        c[i] = c0 - ((s0 * theta + (1 << 39)) >> 40) - ((c0 * square + (1 << 29)) >> 30) + ((s0 * cube) >> 30)
        s[i] = s0 + ((c0 * theta + (1 << 39)) >> 40) - ((s0 * square + (1 << 29)) >> 30) - ((c0 * cube) >> 30)


@njit(cache=True, nogil=True)
def multiples(turns: U64, turn_shift: np.uint64, cosines: I64, sines: I64, of_cosine: I32, of_sine: I32) -> None:
    """Rows 0 … K of ``of_cosine`` and ``of_sine`` (K + 1, _BLOCK) = 2^30·(cos, sin) of k times the angles of ``turns``
    (c ≤ _BLOCK), in their first c columns."""
    count = turns.shape[0]
    unit(turns, turn_shift, cosines, sines, of_cosine[1], of_sine[1])
    of_cosine[0, :] = 1 << 30
    of_sine[0, :] = 0
    first = of_cosine[1, :count]
    for table in (of_cosine, of_sine):
        for k in range(1, table.shape[0] - 1):
            before, now, after = table[k - 1, :count], table[k, :count], table[k + 1, :count]
            for i in range(count):
                after[i] = ((np.int64(first[i]) * np.int64(now[i]) + (1 << 28)) >> 29) - before[i]


@njit(cache=True, nogil=True)
def sine_values(
    masks: U64, shift: np.uint64, turn_shift: np.uint64, value_bits: int, cosines: I64, sines: I64, out: U64
) -> None:
    """The dealer's values for masks r (c): (2 + 2K, c) = r ≫ s, r_63, cos kδ …, sin kδ … at 2^value_bits, less what
    ``out`` holds: the sum of the other parties' shares becomes the last party's share."""
    terms = (out.shape[0] - 2) // 2
    top = np.uint64(63)
    down = np.int32(30 - value_bits)
    half = np.int32(1 << (29 - value_bits))
    of_cosine, of_sine = np.empty((terms + 1, _BLOCK), np.int32), np.empty((terms + 1, _BLOCK), np.int32)
    for start in range(0, masks.shape[0], _BLOCK):
        part = masks[start : start + _BLOCK]
        count = part.shape[0]
        quotient, high = out[0, start : start + count], out[1, start : start + count]
        for i in range(count):
            quotient[i] = (part[i] >> shift) - quotient[i]
        for i in range(count):
            high[i] = (part[i] >> top) - high[i]
        if terms == 0:
            continue
        multiples(part, turn_shift, cosines, sines, of_cosine, of_sine)
        for k in range(1, terms + 1):
            value, share = of_cosine[k, :count], out[1 + k, start : start + count]
            for i in range(count):
                share[i] = np.uint64(np.int64(np.int32(value[i] + half) >> down)) - share[i]
            value, share = of_sine[k, :count], out[1 + terms + k, start : start + count]
            for i in range(count):
                share[i] = np.uint64(np.int64(np.int32(value[i] + half) >> down)) - share[i]


@njit(cache=True, nogil=True)
def sine_shares(
    opened: U64,
    dealt: U64,
    shift: np.uint64,
    turn_shift: np.uint64,
    factor_bits: int,
    coefficients: I64,
    cosines: I64,
    sines: I64,
    first_party: bool,
    out: U64,
) -> None:
    """A party's share of z/L + Σ β_k sin(2πkz/L) into ``out`` (c), from the opened e (c) and dealt values
    (2 + 2K, c)."""
    terms = coefficients.shape[0]
    one, top = np.uint64(1), np.uint64(63)
    up = np.uint64(64) - shift
    offset = one << (np.uint64(62) - shift)
    down = 60 - factor_bits
    half = 1 << (down - 1)
    of_cosine, of_sine = np.empty((terms + 1, _BLOCK), np.int32), np.empty((terms + 1, _BLOCK), np.int32)
    for start in range(0, opened.shape[0], _BLOCK):
        part, total = opened[start : start + _BLOCK], out[start : start + _BLOCK]
        count = part.shape[0]
        quotient, high = dealt[0, start : start + count], dealt[1, start : start + count]
        for i in range(count):
            total[i] = ((one - (part[i] >> top)) << up) * high[i] - quotient[i]
        if first_party:
            for i in range(count):
                total[i] += (part[i] >> shift) - offset
        if terms == 0:
            continue
        multiples(part, turn_shift, cosines, sines, of_cosine, of_sine)
        for k in range(1, terms + 1):
            beta = coefficients[k - 1]
            c, s = of_cosine[k, :count], of_sine[k, :count]
            dealt_c, dealt_s = dealt[1 + k, start : start + count], dealt[1 + terms + k, start : start + count]
            for i in range(count):
                by_cosine = np.uint64((beta * np.int64(s[i]) + half) >> down)
                by_sine = np.uint64((beta * np.int64(c[i]) + half) >> down)
                total[i] += by_cosine * dealt_c[i] - by_sine * dealt_s[i]


@njit(cache=True, nogil=True)
def cosine_sum(
    opened: U64, dealt: U64, turn_shift: np.uint64, down: int, coefficients: I64, cosines: I64, sines: I64
) -> np.uint64:
    """A party's share of Σ_rows Σ_k γ_k cos(2πkz/L); public factors are rounded down by ``down`` bits."""
    terms = coefficients.shape[0]
    if terms == 0:
        return np.uint64(0)
    half = 1 << (down - 1)
    of_cosine, of_sine = np.empty((terms + 1, _BLOCK), np.int32), np.empty((terms + 1, _BLOCK), np.int32)
    total = np.uint64(0)
    for start in range(0, opened.shape[0], _BLOCK):
        part = opened[start : start + _BLOCK]
        count = part.shape[0]
        multiples(part, turn_shift, cosines, sines, of_cosine, of_sine)
        for k in range(1, terms + 1):
            gamma = coefficients[k - 1]
            c, s = of_cosine[k, :count], of_sine[k, :count]
            dealt_c, dealt_s = dealt[1 + k, start : start + count], dealt[1 + terms + k, start : start + count]
            for i in range(count):
                by_cosine = np.uint64((gamma * np.int64(c[i]) + half) >> down)
                by_sine = np.uint64((gamma * np.int64(s[i]) + half) >> down)
                total += by_cosine * dealt_c[i] + by_sine * dealt_s[i]
    return total
