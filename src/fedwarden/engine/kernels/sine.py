"""Sine-series kernels in integers only: every party gets the same public factors bit for bit.

Angles are turns in 64 bits. (cos, sin) come from a table of 2^10 entries with a cubic correction, multiples by
Chebyshev's recurrence
x_{k+1} = 2cos·x_k − x_{k−1} at 2^30 with rounding shifts.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
_SUB = 256  # rows whose running values fit the first-level cache
_TWO_PI_28 = 1686629713  # round(2π·2^28)
_THIRD_30 = 357913941  # round(2^30/3)


@njit(cache=True, nogil=True)
def unit(turns: U64, start: int, count: int, turn_shift: np.uint64, cosines: I64, sines: I64, c: I64, s: I64) -> None:
    """c, s = 2^30·(cos, sin) of the low bits of turns[start …], moved up by ``turn_shift`` to a whole turn of 2^64."""
    half = np.uint64(1 << 53)
    down = np.uint64(54)
    for i in range(count):
        turn = turns[start + i] << turn_shift
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
def sine_values(
    masks: U64,
    start: int,
    shift: np.uint64,
    turn_shift: np.uint64,
    value_bits: int,
    terms: int,
    cosines: I64,
    sines: I64,
    out: U64,
) -> None:
    """The dealer's values for masks r[start … start + c): out (2 + 2·terms, c) = r ≫ s, r_63, cos kδ …, sin kδ … at
    2^value_bits."""
    rows = out.shape[1]
    top = np.uint64(63)
    down = 30 - value_bits
    half = 1 << (down - 1)
    c1, s1 = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    cp, sp = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    ck, sk = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    for base in range(0, rows, _SUB):
        count = min(_SUB, rows - base)
        for i in range(count):
            r = masks[start + base + i]
            out[0, base + i] = r >> shift
            out[1, base + i] = r >> top
        if terms == 0:
            continue
        unit(masks, start + base, count, turn_shift, cosines, sines, c1, s1)
        for i in range(count):
            cp[i], sp[i], ck[i], sk[i] = 1 << 30, 0, c1[i], s1[i]
        for k in range(terms):
            for i in range(count):
                out[2 + k, base + i] = np.uint64((ck[i] + half) >> down)
                out[2 + terms + k, base + i] = np.uint64((sk[i] + half) >> down)
                cn = ((c1[i] * ck[i] + (1 << 28)) >> 29) - cp[i]
                sn = ((c1[i] * sk[i] + (1 << 28)) >> 29) - sp[i]
                cp[i], sp[i], ck[i], sk[i] = ck[i], sk[i], cn, sn


@njit(cache=True, nogil=True)
def sine_shares(
    opened: U64,
    start: int,
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
    """A party's share of z/L + Σ β_k sin(2πkz/L), into out[start …], from the opened e[start …] and dealt values (2
    + 2K, c)."""
    rows = dealt.shape[1]
    terms = coefficients.shape[0]
    one, top = np.uint64(1), np.uint64(63)
    up = np.uint64(64) - shift
    offset = one << (np.uint64(62) - shift)
    down = 60 - factor_bits
    half = 1 << (down - 1)
    c1, s1 = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    cp, sp = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    ck, sk = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    total = np.empty(_SUB, np.uint64)
    for base in range(0, rows, _SUB):
        count = min(_SUB, rows - base)
        for i in range(count):
            e = opened[start + base + i]
            total[i] = ((one - (e >> top)) << up) * dealt[1, base + i] - dealt[0, base + i]
            if first_party:
                total[i] += (e >> shift) - offset
        if terms > 0:
            unit(opened, start + base, count, turn_shift, cosines, sines, c1, s1)
            for i in range(count):
                cp[i], sp[i], ck[i], sk[i] = 1 << 30, 0, c1[i], s1[i]
            for k in range(terms):
                beta = coefficients[k]
                for i in range(count):
                    of_cos = np.uint64((beta * sk[i] + half) >> down)
                    of_sin = np.uint64((beta * ck[i] + half) >> down)
                    total[i] += of_cos * dealt[2 + k, base + i] - of_sin * dealt[2 + terms + k, base + i]
                    cn = ((c1[i] * ck[i] + (1 << 28)) >> 29) - cp[i]
                    sn = ((c1[i] * sk[i] + (1 << 28)) >> 29) - sp[i]
                    cp[i], sp[i], ck[i], sk[i] = ck[i], sk[i], cn, sn
        for i in range(count):
            out[start + base + i] = total[i]


@njit(cache=True, nogil=True)
def cosine_sum(
    opened: U64,
    start: int,
    dealt: U64,
    turn_shift: np.uint64,
    down: int,
    coefficients: I64,
    cosines: I64,
    sines: I64,
) -> np.uint64:
    """A party's share of Σ_rows Σ_k γ_k cos(2πkz/L); public factors are rounded down by ``down`` bits."""
    rows = dealt.shape[1]
    terms = coefficients.shape[0]
    half = 1 << (down - 1)
    c1, s1 = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    cp, sp = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    ck, sk = np.empty(_SUB, np.int64), np.empty(_SUB, np.int64)
    total = np.uint64(0)
    for base in range(0, rows, _SUB):
        count = min(_SUB, rows - base)
        unit(opened, start + base, count, turn_shift, cosines, sines, c1, s1)
        for i in range(count):
            cp[i], sp[i], ck[i], sk[i] = 1 << 30, 0, c1[i], s1[i]
        for k in range(terms):
            gamma = coefficients[k]
            for i in range(count):
                of_cos = np.uint64((gamma * ck[i] + half) >> down)
                of_sin = np.uint64((gamma * sk[i] + half) >> down)
                total += of_cos * dealt[2 + k, base + i] + of_sin * dealt[2 + terms + k, base + i]
                cn = ((c1[i] * ck[i] + (1 << 28)) >> 29) - cp[i]
                sn = ((c1[i] * sk[i] + (1 << 28)) >> 29) - sp[i]
                cp[i], sp[i], ck[i], sk[i] = ck[i], sk[i], cn, sn
    return total
