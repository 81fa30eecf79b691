"""Sealed vertical logistic regression: the whole training at a data party and at the dealer (protocol, sections 4 to
6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedwarden.engine.checkpoint import Checkpoint, Keep, Position, forget
from fedwarden.engine.context import DealerContext, PartyContext, receive, reopen_dealer, reopen_party
from fedwarden.engine.errors import BadInput
from fedwarden.engine.lr_dealer import DealerLoop
from fedwarden.engine.lr_excess import TOLERATED_EXCESS, excess
from fedwarden.engine.lr_finish import ROUNDS as FINAL_ROUNDS
from fedwarden.engine.lr_finish import final_shares, final_shares_dealer, intercept_scale
from fedwarden.engine.lr_matrix import Layout, OwnMatrix, build, layout
from fedwarden.engine.lr_options import RARE, LrOptions, agree_plan, announce_sizes, hear_sizes, plan_of
from fedwarden.engine.lr_party import PartyLoop
from fedwarden.engine.lr_resume import go_on, go_on_dealer
from fedwarden.engine.lr_traffic import attempt_bytes, sent_by
from fedwarden.engine.plan import SCORE_BITS, Plan
from fedwarden.engine.precondition import Reals, Standardised, standardise
from fedwarden.engine.result import DealerResult, LocalNotice, PartyResult, Progress, opened, silent
from fedwarden.engine.ring import Ring, decode
from fedwarden.engine.truncation import reveal

AGAIN = "again"


@dataclass
class _Attempt:
    ctx: PartyContext
    plan: Plan
    own: OwnMatrix
    loop: PartyLoop
    scores: Ring
    held_out: Ring
    offset: Ring


def train_party(
    ctx: PartyContext,
    features: Reals,
    labels: Reals | None,
    training_rows: int,
    options: LrOptions,
    progress: Progress = silent,
    keep: Keep = forget,
    start: Checkpoint | None = None,
) -> PartyResult:
    """Trains with all other roles (which call this or ``train_dealer`` at the same time).

    ``keep`` is given this party's shares now and then, after the same iterations at all data parties; ``start`` is one
    of these from an earlier attempt, with the same position at all roles and made from the same rows and options.

    ``features`` (rows, columns) float64 without gaps, training rows first, in the order agreed by all; ``labels``
    (rows,) 0/1 at the
    guest, None elsewhere. Raises BadInput for a party's own table, StaleCheckpoint, PlanMismatch, RangeError,
    PeerViolation and the net's own errors.
    """
    guest = ctx.index == 0
    targets = _labels(labels, features.shape[0], training_rows) if guest else None
    own = standardise(features, training_rows, ctx.executor.between)
    rare = targets is not None and options.sigmoid == "auto" and float(np.var(targets)) < RARE
    sizes = announce_sizes(ctx, features.shape[0], training_rows, own.kept.size + (1 if guest else 0), rare)
    series = options.series_after(start.position.lengthened if start else 0, sizes.rare)
    result = PartyResult(
        standardised=np.zeros(features.shape[1]),
        weights=np.zeros(features.shape[1]),
        means=own.means,
        scales=own.scales,
        dropped=own.dropped,
    )
    if own.dropped:
        result.notices.append(LocalNotice("constant-columns", {"columns": own.dropped}))
    if options.sigmoid == "auto":
        result.revealed.append(opened("whether one label is rare", "all", 1))
    everyone = (*ctx.others, ctx.dealer)
    if start is not None:
        result.attempts += start.position.lengthened
        result.iterations = start.position.lengthened * options.max_iter
        result.losses = list(start.losses)
    while True:
        plan = agree_plan(ctx.net, ctx.role, everyone, sizes, options, series)
        ctx.executor.expect(plan.rows + plan.held_out, plan.columns)
        attempt = _run(ctx, plan, own, targets, options, start, result, progress, keep)
        again = _decide(ctx, attempt, options, series, result)
        asks = bool(plan.terms) and options.next_series(*series) is not None
        begun = None if start is None else start.position.iteration
        links = attempt_bytes(plan, ctx.data_roles, ctx.dealer, start=begun, asks=asks, closes=again is None)
        result.sent += sent_by(ctx.role, links)
        if again is None:
            break
        series, weights = again, attempt.loop.weights
        del attempt  # its matrices make room for the next one's
        digest = plan_of(sizes, options, series).digest()
        start = Checkpoint(
            position=Position(result.attempts),
            plan=digest,
            weights=weights,
            before=weights,
            losses=list(result.losses),
        )
        keep(start)
        ctx = reopen_party(ctx)
        result.attempts += 1
    _finish(attempt, own, result)
    return result


def train_dealer(
    ctx: DealerContext, options: LrOptions, progress: Progress = silent, start: Position | None = None
) -> DealerResult:
    """The dealer's side: it learns sizes, options and how often the series was lengthened. It keeps no state: ``start``
    is the position from which the data parties go on."""
    sizes = hear_sizes(ctx)
    begun = start or Position()
    series: tuple[int, int] | None = options.series_after(begun.lengthened, sizes.rare)
    result = DealerResult(attempts=begun.lengthened, iterations=begun.lengthened * options.max_iter)
    while series is not None:
        plan = agree_plan(ctx.net, ctx.role, ctx.data_roles, sizes, options, series)
        ctx.executor.expect(plan.rows + plan.held_out, plan.columns)
        layouts = {role: layout(plan, i) for i, role in enumerate(ctx.data_roles)}
        loop = DealerLoop(ctx, plan, {role: where.rows for role, where in layouts.items()})
        first = begun.iteration if result.attempts == begun.lengthened else 0
        if result.attempts or start is not None:
            go_on_dealer(ctx, plan, loop, first)
        done = result.iterations
        for t in range(first, plan.iterations):
            loop.iterate(t)
            progress(done + t + 1, done + plan.iterations, None)
        final_shares_dealer(ctx, loop, layouts)
        resumed = first if result.attempts or start is not None else None
        result.sent += sent_by(ctx.role, attempt_bytes(plan, ctx.data_roles, ctx.role, start=resumed))
        result.iterations += plan.iterations
        result.attempts += 1
        result.period, result.terms = series
        following = options.next_series(*series) if plan.terms else None
        if following is None:
            break
        again = bool(receive(ctx.net, ctx.data_roles[0], AGAIN, 1)[0])
        series = following if again else None
        if again:
            ctx = reopen_dealer(ctx)
    if result.attempts > 1:
        result.revealed.append(opened("scores exceeded the series", "all", result.attempts - 1))
    return result


def _labels(labels: Reals | None, rows: int, training_rows: int) -> Ring:
    if labels is None or labels.shape != (rows,) or not np.isin(labels, (0.0, 1.0)).all():
        raise BadInput(what="labels")
    return np.ascontiguousarray(labels[:training_rows]).astype(np.uint64)


def _run(
    ctx: PartyContext,
    plan: Plan,
    own: Standardised,
    targets: Ring | None,
    options: LrOptions,
    start: Checkpoint | None,
    result: PartyResult,
    progress: Progress,
    keep: Keep,
) -> _Attempt:
    matrix = build(plan, ctx.index, own, options.alpha, ctx.executor)
    layouts: dict[str, Layout] = {role: layout(plan, i) for i, role in enumerate(ctx.data_roles)}
    rows = {role: where.rows for role, where in layouts.items()}
    loop = PartyLoop(ctx, plan, rows, matrix.data, targets)
    first = 0
    if start is not None:
        go_on(ctx, plan, loop, start)
        first = start.position.iteration
    done, digest = result.iterations, plan.digest()
    for t in range(first, plan.iterations):
        loss = loop.iterate(t)
        if loss is not None:
            result.losses.append((done + t, loss))
        if plan.checkpoint_wanted(t):
            position = Position(result.attempts - 1, t + 1)
            weights, before = dict(loop.weights), dict(loop.before)
            known = list(result.losses)
            keep(Checkpoint(position=position, plan=digest, weights=weights, before=before, losses=known))
        progress(done + t + 1, done + plan.iterations, loss)
    shares = final_shares(ctx, loop, layouts)
    result.iterations += plan.iterations
    result.period, result.terms = plan.period, plan.terms
    result.rounds += loop.rounds + FINAL_ROUNDS
    checks = sum(plan.check_wanted(t) for t in range(plan.iterations))
    result.revealed.append(opened("norm of the weights in units of 256", "data parties", checks))
    if plan.loss_every:
        losses = sum(plan.loss_wanted(t) for t in range(plan.iterations))
        result.revealed.append(opened("training loss", ctx.data_roles[0], losses))
    return _Attempt(ctx, plan, matrix, loop, *shares)


def _decide(
    ctx: PartyContext, attempt: _Attempt, options: LrOptions, series: tuple[int, int], result: PartyResult
) -> tuple[int, int] | None:
    """Opens the training scores to the guest, who says whether a longer series is needed; the next series or None."""
    guest = ctx.data_roles[0]
    scores = reveal(ctx, attempt.scores, guest)
    result.revealed.append(opened("training scores", guest, attempt.plan.rows))
    exceeded = False
    if scores is not None:
        result.train_scores = decode(scores, SCORE_BITS)
        exceeded = bool(attempt.plan.period) and excess(result.train_scores, attempt.plan.period) > TOLERATED_EXCESS
    following = options.next_series(*series) if attempt.plan.terms else None
    if following is None:
        if exceeded:
            result.notices.append(LocalNotice("scores-exceed-series", {"period": attempt.plan.period}))
        return None
    if ctx.index == 0:
        for role in (*ctx.others, ctx.dealer):
            ctx.net.send(role, AGAIN, np.array([exceeded], dtype=np.uint64))
    else:
        exceeded = bool(ctx.receive(guest, AGAIN, 1)[0])
    result.revealed.append(opened("whether scores exceed the series", "all", 1))
    return following if exceeded else None


def _finish(attempt: _Attempt, own: Standardised, result: PartyResult) -> None:
    ctx, plan, guest = attempt.ctx, attempt.plan, attempt.ctx.data_roles[0]
    held_out = reveal(ctx, attempt.held_out, guest)
    offset = reveal(ctx, attempt.offset, guest)
    result.revealed.append(opened("held-out scores", guest, plan.held_out))
    result.revealed.append(opened("intercept", guest, 1))
    mine = np.zeros(0, dtype=np.uint64)
    for role in ctx.data_roles:
        values = reveal(ctx, attempt.loop.weights[role], role)
        mine = mine if values is None else values
        result.revealed.append(opened("own weights", role, attempt.loop.columns[role]))
    sealed = decode(mine, plan.f_w)
    result.standardised[own.kept] = attempt.own.back @ sealed
    result.weights = result.standardised / own.scales
    kept_locally = float(own.means @ result.weights) if attempt.own.keeps_offset else 0.0
    if held_out is not None and offset is not None:
        result.held_out_scores = decode(held_out, SCORE_BITS)
        result.standardised_intercept = float(attempt.own.constant * sealed[0])
        result.intercept = -float(decode(offset, intercept_scale(plan))[0]) - kept_locally
    else:
        result.intercept = -kept_locally
    if attempt.own.keeps_offset:
        result.notices.append(LocalNotice("means-kept-locally", {}))
    if attempt.own.clipped:
        result.notices.append(LocalNotice("held-out-rows-clipped", {"count": attempt.own.clipped}))
