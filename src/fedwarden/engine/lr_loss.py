"""The mean loss on shares, opened to the guest alone (protocol, section 6).

Σ log(1 + e^z) − y·z = Σ z²/(2L) + c_0 − Σ_k γ_k cos(2πkz/L) + (1 − 2y)·z/2. The cosines come from the values dealt
for the sigmoid; z is
truncated to 2^-11 by an opening of its own, and the one opening of z − a serves both the squares and the guest's
signs 1 − 2y.
"""

from __future__ import annotations

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.plan import LOSS_BITS, SQUARE_BITS, Plan
from fedwarden.engine.product import PrivateMatrix
from fedwarden.engine.ring import Ring, decode, ring_int
from fedwarden.engine.streams import Address
from fedwarden.engine.truncation import reveal, truncate, truncate_dealer

MASKED_SCORES = "masked-scores"
ROUNDS = 4


def mean_loss(
    ctx: PartyContext, plan: Plan, scores: Ring, cosines: np.uint64, signs: PrivateMatrix, iteration: int
) -> float | None:
    """The loss at the guest, None elsewhere. ``scores``: partial sums of z at f_z; ``cosines``: share of Σ γ cos at
    f_d."""
    z = truncate(ctx, scores, plan.f_z - SQUARE_BITS, Address("loss", "", iteration=iteration), iteration)
    masks = ctx.streams.take(Address("loss", "square-mask", ctx.role, iteration=iteration), z.size)
    opened = z - masks
    ctx.send_others(MASKED_SCORES, opened.copy())
    for role in ctx.others:
        opened += ctx.receive(role, MASKED_SCORES, z.size)
    squares = np.uint64(2) * _dot(opened, masks)
    if ctx.index == 0:
        squares += _dot(opened, opened)
        tilt = _dot(signs.data.read(0, 1)[0], opened + masks)
    else:
        tilt = _dot(signs.data.read(0, 1)[0], masks)
    partial = _combine(plan, squares, tilt)
    partial -= np.array([cosines]) << np.uint64(plan.loss_scale - plan.f_d)
    if ctx.index == 0:
        partial += ring_int(plan.rows * plan.cosine_constant)
    share = truncate(ctx, partial, _shift(plan), Address("mean-loss", "", iteration=iteration), iteration)
    total = reveal(ctx, share, ctx.data_roles[0])
    return None if total is None else float(decode(total, LOSS_BITS)[0]) * 2.0**plan.log_rows / plan.rows


def mean_loss_dealer(ctx: DealerContext, plan: Plan, missing: Ring, signs: PrivateMatrix, iteration: int) -> None:
    """``missing``: what the parties' scores lack; ``signs``: the mask of the guest's signs."""
    shift = plan.f_z - SQUARE_BITS
    truncate_dealer(ctx, missing, shift, Address("loss", "", iteration=iteration), iteration)
    guest = ctx.data_roles[0]
    address = Address("loss", "square-mask", iteration=iteration)
    own = ctx.streams[guest].take(address._replace(frm=guest), plan.rows)
    others = np.zeros(plan.rows, dtype=np.uint64)
    for role in ctx.others(guest):
        others += ctx.streams[role].take(address._replace(frm=role), plan.rows)
    tilt = _dot(signs.data.read(0, 1)[0], others)
    own += others
    partial = _combine(plan, _dot(own, own), tilt)
    truncate_dealer(ctx, partial, _shift(plan), Address("mean-loss", "", iteration=iteration), iteration)


def _combine(plan: Plan, squares: Ring, tilt: Ring) -> Ring:
    return (squares << np.uint64(plan.loss_scale - plan.square_scale)) + (
        tilt << np.uint64(plan.loss_scale - SQUARE_BITS - 1)
    )


def _shift(plan: Plan) -> int:
    return plan.loss_scale + plan.log_rows - LOSS_BITS


def _dot(left: Ring, right: Ring) -> Ring:
    total: Ring = np.multiply(left, right).sum(keepdims=True, dtype=np.uint64)
    return total
