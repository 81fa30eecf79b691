"""One data party's loop of sealed logistic regression (protocol, sections 4 and 5): four rounds an iteration.

    1  masked weights to each matrix's owner          d-sized
    2  the opening of z for the sigmoid               rows
    3  masked residuals to each matrix's owner        rows
    4  one opening that truncates gradient, L2 part and weights   d-sized

Shares: v at f_w; w = v + β(v − v_before) exists only as (128 + β)v − β·v_before, seven bits up, in z, in the L2 part
and in the
truncation of round 4, so that momentum costs no round.
"""

from __future__ import annotations

import numpy as np

from fedwarden.engine.context import PartyContext
from fedwarden.engine.dealer import last_role
from fedwarden.engine.kernels.shares import blend
from fedwarden.engine.kernels.sine import cosine_sum, sine_shares
from fedwarden.engine.lr_check import ROUNDS as CHECK_ROUNDS
from fedwarden.engine.lr_check import check_norm
from fedwarden.engine.lr_loss import ROUNDS as LOSS_ROUNDS
from fedwarden.engine.lr_loss import mean_loss
from fedwarden.engine.plan import MOMENTUM_BITS, Plan
from fedwarden.engine.product import VECTOR, VECTOR_MASK, PrivateMatrix, share_matrix
from fedwarden.engine.ring import Ring
from fedwarden.engine.series import circle
from fedwarden.engine.streams import Address, KeyStream
from fedwarden.engine.tall import Stored, Tall
from fedwarden.engine.truncation import MASK, OFFSET, truncate

SCORES, SINE, RESIDUALS = "scores", "sine", "residuals"
RESIDUAL_MASK = "residual-mask"


class PartyLoop:
    """Shares and buffers of one attempt. ``weights`` are this party's shares of every party's v, by role."""

    def __init__(self, ctx: PartyContext, plan: Plan, layouts: dict[str, int], own: Tall, labels: Ring | None) -> None:
        """``layouts``: rows of each role's stacked matrix; ``own``: this party's; ``labels``: 0/1 at the guest."""
        self.ctx, self.plan = ctx, plan
        self.columns = dict(zip(ctx.data_roles, plan.columns, strict=True))
        self.matrices: dict[str, PrivateMatrix] = {
            role: share_matrix(ctx, role, role, self.columns[role], layouts[role], own if role == ctx.role else None)
            for role in ctx.data_roles
        }
        n = plan.rows
        self.signs: PrivateMatrix | None = None
        self.label_term: Ring | None = None
        if labels is not None:
            self.label_term = np.uint64(1 << (plan.f_d - 1)) - (labels << np.uint64(plan.f_d))
        if plan.loss_every:
            signs = None if labels is None else Stored((np.uint64(1) - np.uint64(2) * labels).reshape(1, n))
            self.signs = share_matrix(ctx, "signs", ctx.data_roles[0], 1, n, signs)
        self.weights = {role: np.zeros(count, dtype=np.uint64) for role, count in self.columns.items()}
        self.before = {role: share.copy() for role, share in self.weights.items()}
        self.penalty = {role: np.zeros(count, dtype=np.uint64) for role, count in self.columns.items()}
        self.penalty_before = {role: share.copy() for role, share in self.penalty.items()}
        self.gradient = {role: np.zeros(count, dtype=np.uint64) for role, count in self.columns.items()}
        self.scores, self.scores_before = np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64)
        self.score_masks, self.residual_masks = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
        self.opened, self.residuals = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
        self.sent_scores, self.sent_residuals = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
        self.chunk = np.empty((2 + 2 * plan.terms) * plan.chunk_rows, dtype=np.uint64)
        self.sine = np.array(plan.sine, dtype=np.int64)
        self.cosine = np.array(plan.cosine, dtype=np.int64)
        cosines, sines = circle()
        self.circle = np.array(cosines, dtype=np.int64), np.array(sines, dtype=np.int64)
        self.rounds = 0

    def iterate(self, t: int) -> float | None:
        """One full-batch step; the loss before it where this role may know it and the plan asks for it."""
        beta = np.uint64(self.plan.momentum[t])
        now = np.uint64(1 << MOMENTUM_BITS) + beta
        self._multiply(t)
        self._open_scores(t, now, beta)
        loss = self._link(t)
        self._gradient(t)
        self._update(t, now, beta)
        self.rounds += 4
        if self.plan.check_wanted(t):
            check_norm(self.ctx, self.plan, np.concatenate([self.weights[r] for r in self.ctx.data_roles]), t)
            self.rounds += CHECK_ROUNDS
        return loss

    def _multiply(self, t: int) -> None:
        ctx, n = self.ctx, self.plan.rows
        self.scores, self.scores_before = self.scores_before, self.scores
        self.penalty, self.penalty_before = self.penalty_before, self.penalty
        self.scores.fill(0)
        masks = {}
        for role in ctx.others:
            masks[role] = ctx.streams.take(Address(role, VECTOR_MASK, ctx.role, role, t), self.columns[role])
            ctx.net.send(role, VECTOR, self.weights[role] - masks[role])
        ctx.streams.open(Address("*", RESIDUAL_MASK, ctx.role, iteration=t)).fill(self.residual_masks)
        for role in ctx.others:  # needs nothing of this step's data: done while the messages travel
            data = self.matrices[role].data
            self.gradient[role].fill(0)
            data.both(masks[role], self.residual_masks, self.scores, self.gradient[role], 0, n)
            self._penalty(role, masks[role])
        own = self.weights[ctx.role].copy()
        for role in ctx.others:
            own += ctx.receive(role, VECTOR, own.size)
        self.matrices[ctx.role].data.forward(own, self.scores, 0, n)
        self._penalty(ctx.role, own)

    def _penalty(self, role: str, vector: Ring) -> None:
        out, n = self.penalty[role], self.plan.rows
        out.fill(0)
        self.matrices[role].data.forward(vector, out, n, n + out.size)

    def _open_scores(self, t: int, now: np.uint64, beta: np.uint64) -> None:
        ctx = self.ctx
        ctx.streams.open(Address(SCORES, MASK, ctx.role, iteration=t)).fill(self.score_masks)
        blend(self.scores, self.scores_before, self.score_masks, now, beta, self.sent_scores)
        ctx.send_others(SCORES, self.sent_scores)
        np.add(self.sent_scores, OFFSET, out=self.opened)
        for role in ctx.others:
            self.opened += ctx.receive(role, SCORES, self.opened.size)

    def _link(self, t: int) -> float | None:
        """Shares of d = σ(z) − y from the dealt values, chunk by chunk as they arrive."""
        ctx, plan = self.ctx, self.plan
        shift, turn = np.uint64(plan.link_shift), np.uint64(plan.turn_shift if plan.terms else 0)
        streams: dict[int, KeyStream] = {}
        wanted, cosines = plan.loss_wanted(t), np.uint64(0)
        for part, last, start, stop in plan.chunks(t):
            shape = (2 + 2 * plan.terms, stop - start)
            if ctx.role == last_role(ctx.data_roles, last):
                values = ctx.receive(ctx.dealer, SINE, *shape)
            else:
                if part not in streams:
                    streams[part] = ctx.streams.open(Address(SCORES, SINE, ctx.dealer, ctx.role, t, part))
                values = streams[part].fill(self.chunk[: shape[0] * shape[1]].reshape(shape))
            opened = self.opened[start:stop]
            sine_shares(
                opened,
                values,
                shift,
                turn,
                plan.factor_bits,
                self.sine,
                *self.circle,
                ctx.index == 0,
                self.residuals[start:stop],
            )
            if wanted and plan.terms:
                part_sum = cosine_sum(opened, values, turn, plan.cosine_down, self.cosine, *self.circle)
                cosines = np.uint64((int(cosines) + int(part_sum)) & 0xFFFFFFFFFFFFFFFF)
        if self.label_term is not None:
            self.residuals += self.label_term
        if not wanted or self.signs is None:
            return None
        self.rounds += LOSS_ROUNDS
        return mean_loss(ctx, plan, self.sent_scores - self.score_masks, cosines, self.signs, t)

    def _gradient(self, t: int) -> None:
        ctx = self.ctx
        np.subtract(self.residuals, self.residual_masks, out=self.sent_residuals)
        for role in ctx.others:
            if self.columns[role]:
                ctx.net.send(role, RESIDUALS, self.sent_residuals)
        if self.columns[ctx.role]:
            for role in ctx.others:
                self.residuals += ctx.receive(role, RESIDUALS, self.residuals.size)
        out = self.gradient[ctx.role]
        out.fill(0)
        self.matrices[ctx.role].data.backward(self.residuals, out, 0, self.plan.rows)

    def _update(self, t: int, now: np.uint64, beta: np.uint64) -> None:
        roles = self.ctx.data_roles
        partial = np.concatenate(
            [self.gradient[r] for r in roles]
            + [now * self.penalty[r] - beta * self.penalty_before[r] for r in roles]
            + [now * self.weights[r] - beta * self.before[r] for r in roles]
        )
        count = partial.size // 3
        shifts = np.repeat(np.array(self.plan.shifts, dtype=np.uint64), count)
        gradient, penalty, weights = np.split(
            truncate(self.ctx, partial, shifts, Address("update", "", iteration=t), t), 3
        )
        new = weights - gradient - penalty
        self.before, start = self.weights, 0
        self.weights = {}
        for role in roles:
            self.weights[role] = new[start : start + self.columns[role]].copy()
            start += self.columns[role]
