"""The range tripwire: Σ‖w̃‖² is opened to all data parties in units of 2^8 only, and 2^14 ends the job.

Weights have no bound known in advance, and a number that leaves its range does so silently (protocol, section 1).
"""

from __future__ import annotations

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.dealer import sum_of_streams
from fedwarden.engine.errors import RangeError
from fedwarden.engine.plan import CHECK_BITS, NORM_BITS, NORM_GRID, Plan
from fedwarden.engine.ring import Ring
from fedwarden.engine.streams import Address
from fedwarden.engine.truncation import reveal_to_all, truncate, truncate_dealer

SQUARES = "squares"
ROUNDS = 4


def check_norm(ctx: PartyContext, plan: Plan, weights: Ring, iteration: int) -> None:
    """Raises RangeError at every data party when the norm is out of range; ``weights`` are shares at f_w, all
    parties' together."""
    coarse = truncate(ctx, weights, plan.f_w - CHECK_BITS, Address("check", "", iteration=iteration))
    masks = ctx.streams.take(Address("check", "square-mask", ctx.role, iteration=iteration), weights.size)
    opened = coarse - masks
    ctx.send_others(SQUARES, opened.copy())
    for role in ctx.others:
        opened += ctx.receive(role, SQUARES, weights.size)
    partial = np.uint64(2) * (opened * masks).sum(keepdims=True, dtype=np.uint64)
    if ctx.index == 0:
        partial += (opened * opened).sum(dtype=np.uint64)
    norm = truncate(ctx, partial, 2 * CHECK_BITS + NORM_GRID, Address("norm", "", iteration=iteration))
    units = int(reveal_to_all(ctx, norm).view(np.int64)[0])
    if not 0 <= units <= 1 << (NORM_BITS - NORM_GRID):
        raise RangeError(what="weights", bound=float(2**NORM_BITS), iteration=iteration)


def check_norm_dealer(ctx: DealerContext, plan: Plan, iteration: int) -> None:
    count = sum(plan.columns)
    zeros = np.zeros(count, dtype=np.uint64)
    truncate_dealer(ctx, zeros, plan.f_w - CHECK_BITS, Address("check", "", iteration=iteration))
    masks = sum_of_streams(ctx, Address("check", "square-mask", iteration=iteration), count)
    missing = (masks * masks).sum(keepdims=True, dtype=np.uint64)
    truncate_dealer(ctx, missing, 2 * CHECK_BITS + NORM_GRID, Address("norm", "", iteration=iteration))
