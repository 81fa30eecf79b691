"""A party's own matrix for logistic regression: preconditioned training rows, L2 rows, held-out rows, offset rows.

Rows of the stacked matrix, all multiplied by the same masked vector (protocol, sections 2 and 5):

    0 … n−1           X̃ = Z·P at f_x (the guest's first column is the intercept's constant)
    n … n+d−1         R = alpha·P_pᵀP_p in units of the update, at f_r
    then held_out     held-out rows of X̃ at f_x
    then 2            the means' offset for the intercept: whole numbers, then the fraction at 2^30

P carries a factor √(2^⌊log2 n⌋/n), so that Σ x̃·d / 2^⌊log2 n⌋ is the step itself and no integer step is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedwarden.engine.executor import Executor
from fedwarden.engine.plan import OFFSET_BITS, Plan, held_out_limit
from fedwarden.engine.precondition import Reals, Standardised, preconditioner, row_blocks, shorten_rows
from fedwarden.engine.ring import encode
from fedwarden.engine.tall import Tall

OFFSET_LIMIT = 2.0**30


@dataclass(frozen=True)
class Layout:
    """Row ranges of a stacked matrix with ``columns`` columns."""

    training: int
    columns: int
    held_out: int

    @property
    def penalty(self) -> tuple[int, int]:
        return self.training, self.training + self.columns

    @property
    def scored(self) -> tuple[int, int]:
        return self.penalty[1], self.penalty[1] + self.held_out

    @property
    def offset(self) -> tuple[int, int]:
        return self.scored[1], self.scored[1] + 2

    @property
    def rows(self) -> int:
        return self.offset[1]


def layout(plan: Plan, index: int) -> Layout:
    return Layout(plan.rows, plan.columns[index], plan.held_out)


@dataclass(frozen=True)
class OwnMatrix:
    """``data``: the stacked matrix; ``back`` (kept, columns) turns the opened w̃ into standardised weights.

    ``constant``: the intercept column's entry (0 at hosts). ``clipped``: held-out rows outside the representable range.
    ``keeps_offset``: the means are too far out for the shared intercept, so their owner subtracts them from its own
    scores.
    """

    data: Tall
    back: Reals
    constant: float
    clipped: int
    keeps_offset: bool


def build(plan: Plan, index: int, own: Standardised, alpha: float, executor: Executor) -> OwnMatrix:
    """Encodes a party's stacked matrix. Raises RangeError if a value cannot be represented."""
    n, guest = plan.rows, index == 0
    blocks = sum(1 for i, columns in enumerate(plan.columns) if columns > (1 if i == 0 else 0))
    unit = float(np.sqrt(2.0**plan.log_rows / n))
    p = preconditioner(own.moments(), max(blocks, 1), 0.25, alpha)
    penalty = alpha * (p.T @ p)
    p = p * unit
    constant = 2.0 * unit if guest else 0.0
    if guest:
        penalty = np.pad(penalty, ((1, 0), (1, 0)))
    offset = p.T @ (own.means[own.kept] / own.scales[own.kept])
    keeps_offset = bool(np.abs(offset).max(initial=0.0) >= OFFSET_LIMIT)
    if keeps_offset:
        offset = np.zeros_like(offset)
    if guest:
        offset = np.concatenate([[-constant], offset])
    where = layout(plan, index)
    data = executor.room(where.columns, where.rows)
    data.write(0, where.penalty[0], encode(penalty, plan.f_r))
    clipped, limit, shift = 0, held_out_limit(plan), where.scored[0] - n
    for start, stop in (*row_blocks(0, n, len(p)), *row_blocks(n, own.rows, len(p))):
        rows = own.block(start, stop) @ p
        if guest:
            rows = np.hstack([np.full((len(rows), 1), constant), rows])
        if start >= n:  # scores of shortened rows saturate far outside the sigmoid's slope
            clipped += shorten_rows(rows, limit)
        data.write(0, start + (shift if start >= n else 0), encode(rows.T, plan.f_x))
    whole = np.rint(offset)
    data.write(0, where.offset[0], encode(whole, 0).reshape(-1, 1))
    data.write(0, where.offset[0] + 1, encode(offset - whole, OFFSET_BITS).reshape(-1, 1))
    return OwnMatrix(data, np.hstack([np.zeros((p.shape[0], 1)), p]) if guest else p, constant, clipped, keeps_offset)
