"""Vertical linear regression (ridge) in one pass, solved under sharing (docs/protocol.md, section 5).

Minimises (1/2n)·Σ(y − Xw − c)² + alpha/2·‖w‖² on standardised features with a free intercept: scikit-learn's
``Ridge(alpha=n·alpha)``. Nothing is opened before the end; then each party gets its own coefficients, the guest the
intercept and every row's score.
"""

from __future__ import annotations

import math

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext, receive
from fedwarden.engine.errors import BadInput
from fedwarden.engine.linr_blocks import exchange, form, form_dealer, masks
from fedwarden.engine.linr_design import Design, Label, build, label_of
from fedwarden.engine.linr_opening import (
    OFFSET_LIMIT,
    open_offset,
    open_scores,
    open_scores_dealer,
    open_weights,
    open_weights_dealer,
)
from fedwarden.engine.linr_plan import LinrOptions, LinrPlan, agree, make_plan
from fedwarden.engine.lr_options import announce_sizes, hear_sizes
from fedwarden.engine.newton import FLOOR_BITS, solve, solve_dealer
from fedwarden.engine.precondition import Reals, Standardised, standardise
from fedwarden.engine.result import DealerResult, LocalNotice, PartyResult, Progress, opened, silent

__all__ = ["LinrOptions", "train_dealer", "train_party"]

EXPONENT = "linr.exponent"
_SYSTEM = "newton"


def train_party(
    ctx: PartyContext,
    features: Reals,
    labels: Reals | None,
    training_rows: int,
    options: LinrOptions,
    progress: Progress = silent,
) -> PartyResult:
    """One data party's training. ``features`` (rows, columns) raw, rows in the agreed order with the training rows
    first; ``labels`` (rows) at the guest only. Scores and losses come back in the label's own units.

    Raises BadInput for own data that cannot be used, RangeError, PlanMismatch, PeerViolation.
    """
    guest = ctx.index == 0
    if (labels is not None) != guest or (labels is not None and len(labels) != len(features)):
        raise BadInput(what="labels")
    own = standardise(features, training_rows, ctx.executor.between)
    label = None if labels is None else label_of(labels, training_rows)
    sizes = announce_sizes(ctx, len(features), training_rows, len(own.kept))
    plan = make_plan(sizes.training_rows, sizes.rows - sizes.training_rows, sizes.columns, options)
    agree(ctx.net, (*ctx.others, ctx.dealer), plan)
    ctx.executor.expect(len(features), plan.columns)
    design = build(plan, own, label, ctx.executor)
    matrices, mask = exchange(ctx, plan, design.data)
    coarse, exact, b = form(ctx, plan, design, matrices, mask)
    del mask
    w = solve(ctx, plan.course, coarse, exact, b, _SYSTEM, _Ticker(plan.iterations, progress))
    exponent = _tell_exponent(ctx, label)
    weights = open_weights(ctx, w, None if label is None else label.mantissa, plan)
    standardised = design.precondition @ weights
    mine = float((own.means[own.kept] / own.scales[own.kept]) @ standardised)
    # the guest adds its own in float64; so does, as a part of the intercept that stays with it, a host whose means are
    # too far from zero for the ring
    kept_locally = mine if guest or abs(mine) >= OFFSET_LIMIT else 0.0
    offset = open_offset(ctx, mine - kept_locally)
    scores = open_scores(ctx, w, matrices, plan)
    result = _result(ctx, plan, own, design, standardised, exponent)
    result.intercept = -math.ldexp(kept_locally, exponent)
    if kept_locally and not guest:
        result.notices.append(LocalNotice("means-kept-locally", {}))
    if guest:
        assert label is not None and labels is not None and offset is not None and scores is not None
        _add_guest_part(result, plan, label, labels, offset, scores)
    progress(plan.iterations, plan.iterations, result.losses[-1][1] if guest else None)
    return result


def train_dealer(ctx: DealerContext, options: LinrOptions, progress: Progress = silent) -> DealerResult:
    """The dealer's part: after the sizes and the plan it receives nothing."""
    sizes = hear_sizes(ctx)
    plan = make_plan(sizes.training_rows, sizes.rows - sizes.training_rows, sizes.columns, options)
    agree(ctx.net, ctx.data_roles, plan)
    ctx.executor.expect(plan.rows + plan.held_out, plan.columns)
    made = masks(ctx, plan)
    form_dealer(ctx, plan, made)
    solve_dealer(ctx, plan.course, _SYSTEM, _Ticker(plan.iterations, progress))
    open_weights_dealer(ctx, plan)
    open_scores_dealer(ctx, made, plan)
    progress(plan.iterations, plan.iterations, None)
    return DealerResult(iterations=plan.iterations, revealed=_revealed(ctx.data_roles, plan))


class _Ticker:
    """Counts steps and refinements; the last one is told by the caller, when everything is open."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.total, self.progress, self.done = total, progress, 0

    def __call__(self) -> None:
        self.done += 1
        if self.done < self.total:
            self.progress(self.done, self.total, None)


def _tell_exponent(ctx: PartyContext, label: Label | None) -> int:
    """The binary exponent of the label's deviation, from the guest to the hosts: their weights' unit."""
    if label is not None:
        for role in ctx.others:
            ctx.net.send(role, EXPONENT, np.array([label.exponent], dtype=np.int64).view(np.uint64))
        return label.exponent
    word = receive(ctx.net, ctx.data_roles[0], EXPONENT, 1)
    return max(-1100, min(1100, int(word.view(np.int64)[0])))  # a float's exponents


def _result(
    ctx: PartyContext, plan: LinrPlan, own: Standardised, design: Design, standardised: Reals, exponent: int
) -> PartyResult:
    full = np.zeros(len(own.means))
    full[own.kept] = np.ldexp(standardised, exponent)
    notices = []
    if own.dropped:
        notices.append(LocalNotice("constant-columns", {"columns": own.dropped}))
    if design.clipped:
        notices.append(LocalNotice("held-out-rows-clipped", {"count": design.clipped}))
    if plan.course.regularised:
        notices.append(LocalNotice("spectrum-floor", {"bits": FLOOR_BITS}))
    return PartyResult(
        standardised=full,
        weights=full / own.scales,
        means=own.means,
        scales=own.scales,
        dropped=own.dropped,
        iterations=plan.iterations,
        revealed=_revealed(ctx.data_roles, plan),
        notices=notices,
    )


def _add_guest_part(
    result: PartyResult, plan: LinrPlan, label: Label, labels: Reals, offset: float, scores: Reals
) -> None:
    result.standardised_intercept = label.mean
    result.intercept = float(result.intercept or 0.0) + label.mean - math.ldexp(offset, label.exponent)
    values = label.mean + label.deviation * scores
    result.train_scores, result.held_out_scores = values[: plan.rows], values[plan.rows :]
    loss = float(np.mean((labels[: plan.rows] - result.train_scores) ** 2) / 2)
    result.losses = [(plan.iterations, loss)]


def _revealed(roles: tuple[str, ...], plan: LinrPlan) -> list[dict[str, object]]:
    """In the order in which it happens, the same list at every role."""
    guest, hosts = roles[0], roles[1:]
    items = [opened("binary exponent of the label's deviation", host, 1) for host in hosts]
    items += [opened("own weights", role, d) for role, d in zip(roles, plan.columns, strict=True) if d]
    items += [opened("intercept", guest, 1), opened("training scores", guest, plan.rows)]
    if plan.held_out:
        items.append(opened("held-out scores", guest, plan.held_out))
    return items
