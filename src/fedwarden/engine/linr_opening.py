"""What linear regression opens at its end: each party's own weights, the intercept and the scores to the guest."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.linr_blocks import matrix_name
from fedwarden.engine.linr_plan import SCORE_BITS, SCORED_W_SCALE, LinrPlan
from fedwarden.engine.newton import W_SCALE
from fedwarden.engine.precondition import Reals
from fedwarden.engine.product import (
    MATRIX_MASK,
    VECTOR_MASK,
    PrivateMatrix,
    multiply,
    multiply_dealer,
)
from fedwarden.engine.ring import Ring, decode, encode
from fedwarden.engine.streams import Address
from fedwarden.engine.tall import Tall
from fedwarden.engine.truncation import reveal, truncate, truncate_dealer

MANTISSA_SCALE, OPENED_SCALE, OFFSET_SCALE = 20, 30, 30
OFFSET_LIMIT = 2.0**28  # |Σ μ·w| of one party, in the label's unit
SCALE, SCALED, OFFSET = "linr.scale", "linr.scaled", "linr.offset"
_ROWS = 1 << 17  # rows of scores in one message
_LABEL = Address("label-scale", "")


def open_weights(ctx: PartyContext, w: Ring, mantissa: float | None, plan: LinrPlan) -> Reals:
    """This party's own part of mantissa·w̃ (d_p), opened to it alone.

    The label's deviation is mantissa·2^exponent; the mantissa is the guest's secret, a private scalar × shared vector
    (section 2 with a matrix of one cell used for each element).
    """
    guest = ctx.data_roles[0]
    if ctx.role == guest:
        assert mantissa is not None
        scalar = encode(np.array([mantissa]), MANTISSA_SCALE)
        ctx.send_others(SCALE, scalar - ctx.streams.take(_LABEL._replace(purpose=MATRIX_MASK, frm=guest), 1))
        total = w.copy()
        for role in ctx.others:
            total += ctx.receive(role, SCALED, w.size)
        partial = total * scalar
    else:
        mask = ctx.streams.take(_LABEL._replace(purpose=VECTOR_MASK, frm=ctx.role, to=guest), w.size)
        ctx.net.send(guest, SCALED, w - mask)
        partial = mask * ctx.receive(guest, SCALE, 1)
    scaled = truncate(ctx, partial, W_SCALE + MANTISSA_SCALE - OPENED_SCALE, _LABEL)
    own: Ring | None = None
    for role, cut in zip(ctx.data_roles, plan.slices(), strict=True):
        if cut.stop > cut.start:
            opened = reveal(ctx, np.ascontiguousarray(scaled[cut]), role)
            own = opened if role == ctx.role else own
    return np.zeros(0) if own is None else decode(own, OPENED_SCALE)


def open_weights_dealer(ctx: DealerContext, plan: LinrPlan) -> None:
    """The dealer's side of ``open_weights``."""
    guest, hosts = ctx.data_roles[0], ctx.data_roles[1:]
    d = sum(plan.columns)
    total = np.zeros(d, dtype=np.uint64)
    for role in hosts:
        total += ctx.streams[role].take(_LABEL._replace(purpose=VECTOR_MASK, frm=role, to=guest), d)
    missing = total * ctx.streams[guest].take(_LABEL._replace(purpose=MATRIX_MASK, frm=guest), 1)
    truncate_dealer(ctx, missing, W_SCALE + MANTISSA_SCALE - OPENED_SCALE, _LABEL)


def open_offset(ctx: PartyContext, own: float) -> float | None:
    """Σ_p own_p at the guest, None elsewhere: each party's Σ μ·w in units of the label's 2^exponent.

    Every addend is split into random shares, one per data party, so with two or more hosts the guest sees the sum.
    """
    guest = ctx.data_roles[0]
    share = encode(np.array([own]), OFFSET_SCALE)
    for role in ctx.others:
        mask = np.frombuffer(os.urandom(8), dtype=np.uint64)
        share = share - mask
        ctx.net.send(role, OFFSET, mask)
    for role in ctx.others:
        share = share + ctx.receive(role, OFFSET, 1)
    total = reveal(ctx, share, guest)
    return None if total is None else float(decode(total, OFFSET_SCALE)[0])


def open_scores(ctx: PartyContext, w: Ring, matrices: Mapping[str, Tall], plan: LinrPlan) -> Reals | None:
    """Every row's X̃·w̃ (rows) in units of the label's deviation at the guest, None elsewhere; to 2^-12."""
    address = Address("scores", "")
    short = truncate(ctx, w, W_SCALE - SCORED_W_SCALE, address._replace(matrix="score-weights"))
    private, vectors = [], {}
    for role, cut, columns in zip(ctx.data_roles, plan.slices(), plan.columns, strict=True):
        if columns:
            private.append(PrivateMatrix(matrix_name(role), role, matrices[role].head(columns)))
            vectors[matrix_name(role)] = np.ascontiguousarray(short[cut])
    partial = sum(multiply(ctx, private, vectors, address).values(), np.zeros(plan.rows + plan.held_out, np.uint64))
    parts = []
    for turn, start in enumerate(range(0, len(partial), _ROWS)):
        part = truncate(ctx, partial[start : start + _ROWS], _shift(plan), address.at(0, turn), turn)
        parts.append(reveal(ctx, part, ctx.data_roles[0]))
    opened = [part for part in parts if part is not None]
    return decode(np.concatenate(opened), SCORE_BITS) / plan.unit if opened else None


def open_scores_dealer(ctx: DealerContext, masks: Mapping[str, Tall], plan: LinrPlan) -> None:
    """The dealer's side of ``open_scores``."""
    address = Address("scores", "")
    nothing = np.zeros(sum(plan.columns), dtype=np.uint64)
    truncate_dealer(ctx, nothing, W_SCALE - SCORED_W_SCALE, address._replace(matrix="score-weights"))
    private = [
        PrivateMatrix(matrix_name(role), role, masks[role].head(columns))
        for role, columns in zip(ctx.data_roles, plan.columns, strict=True)
        if columns
    ]
    missing = sum(multiply_dealer(ctx, private, address).values(), np.zeros(plan.rows + plan.held_out, np.uint64))
    for turn, start in enumerate(range(0, len(missing), _ROWS)):
        truncate_dealer(ctx, missing[start : start + _ROWS], _shift(plan), address.at(0, turn), turn)


def _shift(plan: LinrPlan) -> int:
    return plan.x_scale + SCORED_W_SCALE - SCORE_BITS
