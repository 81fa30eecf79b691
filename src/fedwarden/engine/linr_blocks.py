"""Shares of G = X̃ᵀX̃/n + the penalty's blocks, and of b = X̃ᵀy/n (docs/protocol.md, section 5).

With E = X − A sent once to every other data party, X_pᵀX_q = X_pᵀE_q + E_pᵀA_q + A_pᵀA_q: the first term is p's, the
second q's, the third stays at the dealer and enters the truncation's mask. So nothing of a cross block travels but the
opening of its truncation. p is the earlier role of the two; the label is the guest's last column. A diagonal block is
known to its owner, who adds it to its own share.
"""

from __future__ import annotations

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.linr_design import Design
from fedwarden.engine.linr_plan import LinrPlan
from fedwarden.engine.newton import EXACT_SCALE, G_SCALE, R_SCALE
from fedwarden.engine.product import MASKED, MATRIX_MASK
from fedwarden.engine.ring import Ring, encode
from fedwarden.engine.streams import Address
from fedwarden.engine.tall import Tall, gram
from fedwarden.engine.truncation import truncate, truncate_dealer

_MESSAGE_WORDS = 1 << 20
_ADDRESS = Address("gram", "")


def widths(plan: LinrPlan) -> list[int]:
    """Columns of each role's masked matrix: the guest's with the label."""
    return [plan.columns[0] + 1, *plan.columns[1:]]


def matrix_name(role: str) -> str:
    return f"x.{role}"


def exchange(ctx: PartyContext, plan: LinrPlan, data: Tall) -> tuple[dict[str, Tall], Tall]:
    """(own data and the others' E by role, own mask A). Messages alternate in groups of columns, so that neither side
    fills the other's queue before it reads its own.
    """
    rows = plan.rows + plan.held_out
    group = max(1, _MESSAGE_WORDS // rows)
    width = dict(zip(ctx.data_roles, widths(plan), strict=True))
    address = Address(matrix_name(ctx.role), MATRIX_MASK, ctx.role)
    mask = ctx.executor.masks(ctx.streams, address, width[ctx.role], rows)
    held = {role: ctx.executor.room(width[role], rows) for role in ctx.others}
    for start in range(0, max(width.values()), group):
        mine = min(group, width[ctx.role] - start)
        if mine > 0:
            ctx.send_others(MASKED, data.read(start, mine) - mask.read(start, mine))
        for role in ctx.others:
            count = min(group, width[role] - start)
            if count > 0:
                held[role].write(start, 0, ctx.receive(role, MASKED, count, rows))
    return {ctx.role: data, **held}, mask


def masks(ctx: DealerContext, plan: LinrPlan) -> dict[str, Tall]:
    """The dealer's side of ``exchange``: every role's A."""
    rows = plan.rows + plan.held_out
    return {
        role: ctx.executor.masks(ctx.streams[role], Address(matrix_name(role), MATRIX_MASK, role), width, rows)
        for role, width in zip(ctx.data_roles, widths(plan), strict=True)
    }


def form(
    ctx: PartyContext, plan: LinrPlan, design: Design, matrices: dict[str, Tall], mask: Tall
) -> tuple[Ring, Ring, Ring]:
    """This party's shares of G (d, d) at G_SCALE and at EXACT_SCALE, and of b (d) at R_SCALE."""
    partial = []
    for p, q in _pairs(plan):
        first, second = ctx.data_roles[p], ctx.data_roles[q]
        if ctx.index == p:
            partial.append(_gram(plan, matrices[first], matrices[second]))
        elif ctx.index == q:
            partial.append(_gram(plan, matrices[first], mask))
        else:
            partial.append(np.zeros((widths(plan)[p], plan.columns[q]), dtype=np.uint64))
    values, shifts = _arrange(plan, partial)
    coarse, exact, b = _assemble(plan, truncate(ctx, values, shifts, _ADDRESS))
    own = plan.slices()[ctx.index]
    coarse[own, own] = encode(design.block, G_SCALE)
    exact[own, own] = encode(design.block, EXACT_SCALE)
    b[own] += encode(design.label_part, R_SCALE)
    return coarse, exact, b


def form_dealer(ctx: DealerContext, plan: LinrPlan, masks: dict[str, Tall]) -> None:
    """The dealer's side of ``form``."""
    missing = [_gram(plan, masks[ctx.data_roles[p]], masks[ctx.data_roles[q]]) for p, q in _pairs(plan)]
    values, shifts = _arrange(plan, missing)
    truncate_dealer(ctx, values, shifts, _ADDRESS)


def _pairs(plan: LinrPlan) -> list[tuple[int, int]]:
    roles = range(len(plan.columns))
    return [(p, q) for p in roles for q in roles if p < q]


def _gram(plan: LinrPlan, left: Tall, right: Tall) -> Ring:
    out = np.zeros((left.columns, right.columns), dtype=np.uint64)
    gram(left, right, out, 0, plan.rows)
    return out


def _arrange(plan: LinrPlan, blocks: list[Ring]) -> tuple[Ring, Ring]:
    """All values of one truncation, flat, and their shifts: cross blocks for G_SCALE, again for EXACT_SCALE, then b."""
    features = plan.columns[0]
    cross, label = [], []
    for (p, _), block in zip(_pairs(plan), blocks, strict=True):
        cross.append((block[:features] if p == 0 else block).ravel())
        if p == 0:
            label.append(block[features])
    flat, b = np.concatenate(cross), np.concatenate(label)
    shifts = [
        np.full(len(part), plan.gram_scale - scale, dtype=np.uint64)
        for part, scale in ((flat, G_SCALE), (flat, EXACT_SCALE), (b, R_SCALE))
    ]
    return np.concatenate([flat, flat, b]), np.concatenate(shifts)


def _assemble(plan: LinrPlan, values: Ring) -> tuple[Ring, Ring, Ring]:
    d, cuts = sum(plan.columns), plan.slices()
    size = sum(plan.columns[p] * plan.columns[q] for p, q in _pairs(plan))
    out = []
    for flat in (values[:size], values[size : 2 * size]):
        matrix, at = np.zeros((d, d), dtype=np.uint64), 0
        for p, q in _pairs(plan):
            shape = plan.columns[p], plan.columns[q]
            block = flat[at : at + shape[0] * shape[1]].reshape(shape)
            matrix[cuts[p], cuts[q]], matrix[cuts[q], cuts[p]] = block, block.T
            at += block.size
        out.append(matrix)
    b = np.zeros(d, dtype=np.uint64)
    b[plan.columns[0] :] = values[2 * size :]
    return out[0], out[1], b
