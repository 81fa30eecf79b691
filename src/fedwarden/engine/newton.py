"""Solving G·w = b on shares: matrix triples, Newton–Schulz inverse, refinements (docs/protocol.md, section 5).

Every number of steps is fixed by public sizes and nothing is opened but masked differences, so a run's shape says
nothing. Newton–Schulz: G. Schulz, "Iterative Berechnung der reziproken Matrix", ZAMM 13 (1933); triples: D. Beaver,
"Efficient multiparty protocols using circuit randomization" (CRYPTO '91, section 3), here without a dealt product:
U·V stays at the dealer and enters the truncation's mask (``truncation``).

Scales: G 28 bits after the point, Z 16, the residual 36, w 26, and 34 for the copy of G that residuals are taken from.
With the spectrum of G in [2^-13, parties] and |b| ≤ 1 every value that is truncated stays below 2^61.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.dealer import sum_of_streams
from fedwarden.engine.kernels import dense
from fedwarden.engine.ring import Ring, ring_int
from fedwarden.engine.streams import Address
from fedwarden.engine.truncation import truncate, truncate_dealer

G_SCALE, Z_SCALE, EXACT_SCALE, W_SCALE, R_SCALE = 28, 16, 34, 26, 36
FLOOR_BITS = 13  # the smallest eigenvalue that the inverse resolves is 2^-13
MASK, OPENED = "triple-mask", "triple-opened"

Tick = Callable[[], None]


@dataclass(frozen=True)
class Schedule:
    """The fixed course of a solution. ``columns``: the system's size; ``parties``: an upper bound of G's spectrum."""

    columns: int
    parties: int
    regularised: bool
    steps: int
    refinements: int


def schedule(columns: int, parties: int, smallest: float) -> Schedule:
    """The course for a spectrum in [``smallest``, ``parties``], where 0 stands for no known lower bound.

    Below 2^-13 the inverse is that of G + 2^-13·I; the refinements work with G itself and take the difference out
    again, by a factor 2^-13/(g + 2^-13) each in the direction of an eigenvalue g. So there are more of them.
    """
    regularised = smallest < 2.0**-FLOOR_BITS
    condition = parties * (2.0**FLOOR_BITS if regularised else 1 / smallest)
    return Schedule(columns, parties, regularised, math.ceil(math.log2(condition)) + 6, 24 if regularised else 3)


@dataclass(frozen=True)
class _Opened:
    difference: Ring  # X − U, known to every data party
    mask: Ring  # this party's share of U


class _PartySide:
    def __init__(self, ctx: PartyContext, name: str) -> None:
        self.ctx, self.name, self.count = ctx, name, 0

    def next(self) -> Address:
        self.count += 1
        return Address(self.name, "", iteration=self.count)

    def open(self, share: Ring) -> _Opened:
        mask = self.ctx.streams.take(self.next()._replace(purpose=MASK, frm=self.ctx.role), *share.shape)
        difference = share - mask
        self.ctx.send_others(OPENED, difference.copy())
        for role in self.ctx.others:
            difference += self.ctx.receive(role, OPENED, *share.shape)
        return _Opened(difference, mask)

    def product(self, left: _Opened, right: _Opened) -> Ring:
        """Partial sums of the product; U·V is missing (the dealer has it)."""
        inner = right.mask + right.difference if self.ctx.index == 0 else right.mask
        return matmul(left.difference, inner) + matmul(left.mask, right.difference)

    def truncate(self, partial: Ring, bits: int) -> Ring:
        address = self.next()
        return truncate(self.ctx, partial.ravel(), bits, address, turn=self.count).reshape(partial.shape)

    def public(self, values: Ring) -> Ring:
        """A share of a public matrix: the first party holds it, the others zeros."""
        return values if self.ctx.index == 0 else np.zeros_like(values)


class _DealerSide:
    def __init__(self, ctx: DealerContext, name: str) -> None:
        self.ctx, self.name, self.count = ctx, name, 0

    def next(self) -> Address:
        self.count += 1
        return Address(self.name, "", iteration=self.count)

    def open(self, *shape: int) -> Ring:
        return sum_of_streams(self.ctx, self.next()._replace(purpose=MASK), *shape)

    def truncate(self, missing: Ring, bits: int) -> None:
        address = self.next()
        truncate_dealer(self.ctx, missing.ravel(), bits, address, turn=self.count)


def solve(ctx: PartyContext, plan: Schedule, g: Ring, exact: Ring, b: Ring, name: str, tick: Tick) -> Ring:
    """Shares of w (d, at W_SCALE) with G·w = b, from shares of G (d, d) at G_SCALE and EXACT_SCALE and of b at R_SCALE.

    ``tick`` is called after every step and refinement. The dealer runs ``solve_dealer`` with the same plan and name.
    """
    side = _PartySide(ctx, name)
    d = plan.columns
    unit = np.eye(d, dtype=np.uint64)
    if plan.regularised:
        g = g + side.public(unit << ring_int(G_SCALE - FLOOR_BITS))
    g_open = side.open(g)
    z = side.public(unit * ring_int((1 << Z_SCALE) // plan.parties))
    two = side.public(unit << ring_int(G_SCALE + Z_SCALE + 1))
    for _ in range(plan.steps):
        z_open = side.open(z)
        t = side.truncate(two - side.product(g_open, z_open), Z_SCALE)
        z = side.truncate(side.product(z_open, side.open(t)), G_SCALE)
        tick()
    z_open, exact_open = side.open(z), side.open(exact)
    b = b.reshape(d, 1)
    w = side.truncate(side.product(z_open, side.open(b)), Z_SCALE + R_SCALE - W_SCALE)
    lifted = b << ring_int(EXACT_SCALE + W_SCALE - R_SCALE)
    for _ in range(plan.refinements):
        r = side.truncate(lifted - side.product(exact_open, side.open(w)), EXACT_SCALE + W_SCALE - R_SCALE)
        w = w + side.truncate(side.product(z_open, side.open(r)), Z_SCALE + R_SCALE - W_SCALE)
        tick()
    return w.reshape(d)


def solve_dealer(ctx: DealerContext, plan: Schedule, name: str, tick: Tick) -> None:
    """The dealer's side of ``solve``: masks and truncations, run ahead of the parties as far as the net lets it."""
    side = _DealerSide(ctx, name)
    d = plan.columns
    g = side.open(d, d)
    for _ in range(plan.steps):
        z = side.open(d, d)
        side.truncate(-matmul(g, z), Z_SCALE)
        t = side.open(d, d)
        side.truncate(matmul(z, t), G_SCALE)
        tick()
    z, exact = side.open(d, d), side.open(d, d)
    side.truncate(matmul(z, side.open(d, 1)), Z_SCALE + R_SCALE - W_SCALE)
    for _ in range(plan.refinements):
        side.truncate(-matmul(exact, side.open(d, 1)), EXACT_SCALE + W_SCALE - R_SCALE)
        side.truncate(matmul(z, side.open(d, 1)), Z_SCALE + R_SCALE - W_SCALE)
        tick()


def matmul(left: Ring, right: Ring) -> Ring:
    """The product of two matrices mod 2^64."""
    out = np.zeros((left.shape[0], right.shape[1]), dtype=np.uint64)
    dense.multiply(np.ascontiguousarray(left), np.ascontiguousarray(right), out)
    return out
