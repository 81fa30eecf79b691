"""The dealer's loop of sealed logistic regression: masks and corrections only; nothing is received while it runs."""

from __future__ import annotations

import numpy as np

from fedwarden.engine.context import DealerContext
from fedwarden.engine.dealer import last_role
from fedwarden.engine.kernels.shares import blend
from fedwarden.engine.kernels.sine import sine_values
from fedwarden.engine.lr_check import check_norm_dealer
from fedwarden.engine.lr_loss import mean_loss_dealer
from fedwarden.engine.lr_party import RESIDUAL_MASK, SCORES, SINE
from fedwarden.engine.plan import MOMENTUM_BITS, Plan
from fedwarden.engine.product import VECTOR_MASK, PrivateMatrix, share_matrix_dealer
from fedwarden.engine.ring import Ring
from fedwarden.engine.series import circle
from fedwarden.engine.streams import Address, KeyStream
from fedwarden.engine.truncation import MASK, truncate_dealer


class DealerLoop:
    """Masks A of every party's matrix, and what the parties' partial sums miss, iteration by iteration."""

    def __init__(self, ctx: DealerContext, plan: Plan, layouts: dict[str, int]) -> None:
        self.ctx, self.plan = ctx, plan
        self.columns = dict(zip(ctx.data_roles, plan.columns, strict=True))
        self.matrices: dict[str, PrivateMatrix] = {
            role: share_matrix_dealer(ctx, role, role, self.columns[role], layouts[role]) for role in ctx.data_roles
        }
        n = plan.rows
        self.signs = share_matrix_dealer(ctx, "signs", ctx.data_roles[0], 1, n) if plan.loss_every else None
        self.scores, self.scores_before = np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64)
        self.penalty = {role: np.zeros(count, dtype=np.uint64) for role, count in self.columns.items()}
        self.penalty_before = {role: share.copy() for role, share in self.penalty.items()}
        self.residual_masks = {role: np.empty(n, dtype=np.uint64) for role in ctx.data_roles}
        self.other_masks, self.masks = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
        self.scratch = np.empty(n, dtype=np.uint64)
        self.chunk = np.empty((2 + 2 * plan.terms) * plan.chunk_rows, dtype=np.uint64)
        cosines, sines = circle()
        self.circle = np.array(cosines, dtype=np.int64), np.array(sines, dtype=np.int64)

    def iterate(self, t: int) -> None:
        beta = np.uint64(self.plan.momentum[t])
        now = np.uint64(1 << MOMENTUM_BITS) + beta
        gradient = self._multiply(t)
        zeros = np.zeros(self.plan.rows, dtype=np.uint64)
        missing = self.scratch
        blend(self.scores, self.scores_before, zeros, now, beta, missing)
        loss_missing = missing.copy() if self.plan.loss_wanted(t) else None
        np.negative(missing, out=self.masks)
        for role in self.ctx.data_roles:
            self.ctx.streams[role].open(Address(SCORES, MASK, role, iteration=t)).fill(self.scratch)
            self.masks += self.scratch
        self._link(t)
        if loss_missing is not None and self.signs is not None:
            mean_loss_dealer(self.ctx, self.plan, loss_missing, self.signs, t)
        roles = self.ctx.data_roles
        missing_update = np.concatenate(
            [gradient[r] for r in roles]
            + [now * self.penalty[r] - beta * self.penalty_before[r] for r in roles]
            + [np.zeros(self.columns[r], dtype=np.uint64) for r in roles]
        )
        shifts = np.repeat(np.array(self.plan.shifts, dtype=np.uint64), missing_update.size // 3)
        truncate_dealer(self.ctx, missing_update, shifts, Address("update", "", iteration=t), t)
        if self.plan.check_wanted(t):
            check_norm_dealer(self.ctx, self.plan, t)

    def _multiply(self, t: int) -> dict[str, Ring]:
        ctx, n = self.ctx, self.plan.rows
        self.scores, self.scores_before = self.scores_before, self.scores
        self.penalty, self.penalty_before = self.penalty_before, self.penalty
        self.scores.fill(0)
        total = self.masks
        total.fill(0)
        for role in ctx.data_roles:
            stream = ctx.streams[role].open(Address("*", RESIDUAL_MASK, role, iteration=t))
            total += stream.fill(self.residual_masks[role])
        gradient: dict[str, Ring] = {}
        for owner in ctx.data_roles:
            vector = np.zeros(self.columns[owner], dtype=np.uint64)
            for role in ctx.others(owner):
                vector += ctx.streams[role].take(Address(owner, VECTOR_MASK, role, owner, t), vector.size)
            np.subtract(total, self.residual_masks[owner], out=self.other_masks)
            gradient[owner] = np.zeros(vector.size, dtype=np.uint64)
            data = self.matrices[owner].data
            data.both(vector, self.other_masks, self.scores, gradient[owner], 0, n)
            self.penalty[owner].fill(0)
            data.forward(vector, self.penalty[owner], n, n + vector.size)
        return gradient

    def _link(self, t: int) -> None:
        ctx, plan = self.ctx, self.plan
        shift, turn = np.uint64(plan.link_shift), np.uint64(plan.turn_shift if plan.terms else 0)
        streams: dict[tuple[str, int], KeyStream] = {}
        for part, turn_of_last, start, stop in plan.chunks(t):
            shape = (2 + 2 * plan.terms, stop - start)
            last = last_role(ctx.data_roles, turn_of_last)
            values = np.empty(shape, dtype=np.uint64)  # a message: never reused
            for role in ctx.others(last):
                if (role, part) not in streams:
                    address = Address(SCORES, SINE, ctx.role, role, t, part)
                    streams[role, part] = ctx.streams[role].open(address)
            first, *others = (streams[role, part] for role in ctx.others(last))
            first.fill(values)
            for stream in others:
                values += stream.fill(self.chunk[: values.size].reshape(shape))
            sine_values(self.masks[start:stop], shift, turn, plan.value_bits, *self.circle, values)
            ctx.net.send(last, SINE, values)
