"""The end of an attempt: scores to the guest, each party's own weights to itself, the intercept to the guest."""

from __future__ import annotations

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.lr_dealer import DealerLoop
from fedwarden.engine.lr_matrix import Layout
from fedwarden.engine.lr_party import PartyLoop
from fedwarden.engine.plan import INTERCEPT_BITS, OFFSET_BITS, SCORE_BITS, Plan
from fedwarden.engine.product import multiply, multiply_dealer
from fedwarden.engine.ring import Ring
from fedwarden.engine.streams import Address
from fedwarden.engine.truncation import truncate, truncate_dealer

ROUNDS = 2


def final_shares(ctx: PartyContext, loop: PartyLoop, layouts: dict[str, Layout]) -> tuple[Ring, Ring, Ring]:
    """Shares, truncated to what will be opened: training scores, held-out scores (2^-12), intercept's offset
    (2^-20)."""
    address = Address("", "", iteration=loop.plan.iterations)
    parts = multiply(ctx, list(loop.matrices.values()), loop.weights, address)
    out = truncate(ctx, _stack(layouts, parts), _shifts(loop.plan), Address("final", ""))
    return _unstack(loop.plan, out)


def final_shares_dealer(ctx: DealerContext, loop: DealerLoop, layouts: dict[str, Layout]) -> None:
    address = Address("", "", iteration=loop.plan.iterations)
    missing = multiply_dealer(ctx, list(loop.matrices.values()), address)
    truncate_dealer(ctx, _stack(layouts, missing), _shifts(loop.plan), Address("final", ""))


def _stack(layouts: dict[str, Layout], parts: dict[str, Ring]) -> Ring:
    """Training scores, held-out scores, both offset rows, summed over the matrices."""
    total = np.zeros(0, dtype=np.uint64)
    for role, part in parts.items():
        where = layouts[role]
        rows = np.concatenate([part[: where.training], part[where.scored[0] :]])
        total = rows if not total.size else total + rows
    return total


def _shifts(plan: Plan) -> Ring:
    scores = plan.rows + plan.held_out
    shifts = np.full(scores + 2, plan.f_x + plan.f_w - SCORE_BITS, dtype=np.uint64)
    shifts[scores] = plan.f_w - INTERCEPT_BITS if plan.f_w > INTERCEPT_BITS else 1
    shifts[scores + 1] = shifts[scores] + np.uint64(OFFSET_BITS)
    return shifts


def intercept_scale(plan: Plan) -> int:
    """Scale of the opened offset."""
    return plan.f_w - int(_shifts(plan)[plan.rows + plan.held_out])


def _unstack(plan: Plan, values: Ring) -> tuple[Ring, Ring, Ring]:
    n, scores = plan.rows, plan.rows + plan.held_out
    offset = values[scores : scores + 1] + values[scores + 1 :]
    return values[:n], values[n:scores], offset
