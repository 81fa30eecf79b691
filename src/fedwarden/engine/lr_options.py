"""Options of logistic regression as the engine takes them, and the public sizes of a job."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext, as_bytes_array, receive, receive_bytes
from fedwarden.engine.errors import BadInput, PlanMismatch
from fedwarden.engine.net import Net
from fedwarden.engine.plan import LARGEST_PERIOD, Plan, make_plan

SIZES, PLAN = "sizes", "plan"
#: Below this variance of the label (about 5 %) the sigmoid is flat nearly everywhere, so that little holds a
#: coefficient but the penalty, and the error of 32,14 shows in the third digit.
RARE = 0.05


@dataclass(frozen=True, kw_only=True)
class LrOptions:
    """``alpha``: L2 strength on standardised features (mean loss + alpha/2·‖w‖², intercept free).

    ``sigmoid``: "auto" (32,14, or 32,20 where one label is rare, and twice that as long as scores do not fit),
    "taylor", or a fixed "L,K".
    ``loss_every``: iterations between losses opened to the guest, 0 for none. ``check_every``: between range checks.
    ``checkpoint_every``: between checkpoints, 0: from the sizes.
    """

    alpha: float = 0.01
    max_iter: int = 160
    sigmoid: str = "auto"
    loss_every: int = 10
    check_every: int = 20
    checkpoint_every: int = 0

    def first_series(self, rare: bool = False) -> tuple[int, int]:
        """(L, K) to start with; (0, 0) for Taylor. Raises BadInput for anything else."""
        if self.sigmoid == "auto":
            return 32, 20 if rare else 14
        if self.sigmoid == "taylor":
            return 0, 0
        try:
            period, terms = (int(part) for part in self.sigmoid.split(","))
        except ValueError as error:
            raise BadInput(what="sigmoid") from error
        return period, terms

    def series_after(self, lengthened: int, rare: bool = False) -> tuple[int, int]:
        """The first series, lengthened so often. Raises BadInput where the option does not allow it."""
        series = self.first_series(rare)
        for _ in range(lengthened):
            following = self.next_series(*series)
            if following is None:
                raise BadInput(what="sigmoid")
            series = following
        return series

    def next_series(self, period: int, terms: int) -> tuple[int, int] | None:
        """Twice as long, or None where the option forbids it or the series would become too long."""
        if self.sigmoid != "auto" or 2 * period > LARGEST_PERIOD:
            return None
        return 2 * period, 2 * terms


@dataclass(frozen=True)
class Sizes:
    """Public sizes: all rows, training rows, matrix columns of each data role (guest's with the intercept)."""

    rows: int
    training_rows: int
    columns: tuple[int, ...]
    rare: bool = False  # the guest's word: one label is rare


def announce_sizes(ctx: PartyContext, rows: int, training_rows: int, columns: int, rare: bool = False) -> Sizes:
    """Tells everybody the public sizes and hears theirs. Raises PlanMismatch where the rows differ."""
    mine = np.array([rows, training_rows, columns, rare], dtype=np.uint64)
    for role in (*ctx.others, ctx.dealer):
        ctx.net.send(role, SIZES, mine)
    heard = {role: ctx.receive(role, SIZES, 4) for role in ctx.others}
    return _sizes(ctx.data_roles, {**heard, ctx.role: mine})


def hear_sizes(ctx: DealerContext) -> Sizes:
    """The dealer's side of ``announce_sizes``."""
    return _sizes(ctx.data_roles, {role: receive(ctx.net, role, SIZES, 4) for role in ctx.data_roles})


def plan_of(sizes: Sizes, options: LrOptions, series: tuple[int, int]) -> Plan:
    """The plan with this series. Raises RangeError when no safe scales exist."""
    return make_plan(
        sizes.training_rows,
        sizes.rows - sizes.training_rows,
        sizes.columns,
        alpha=options.alpha,
        period=series[0],
        terms=series[1],
        iterations=options.max_iter,
        loss_every=options.loss_every,
        check_every=options.check_every,
        checkpoint_every=options.checkpoint_every,
    )


def agree_plan(
    net: Net, me: str, others: tuple[str, ...], sizes: Sizes, options: LrOptions, series: tuple[int, int]
) -> Plan:
    """Everybody's own plan, compared by hash with every other role's."""
    plan = plan_of(sizes, options, series)
    digest = plan.digest()
    for role in others:
        net.send(role, PLAN, as_bytes_array(digest))
    for role in others:
        if receive_bytes(net, role, PLAN, len(digest)) != digest:
            raise PlanMismatch(peer=role)
    return plan


def _sizes(roles: tuple[str, ...], heard: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.uint64]]]) -> Sizes:
    first = heard[roles[0]]
    for role in roles:
        if not np.array_equal(heard[role][:2], first[:2]):
            raise PlanMismatch(peer=role)
    rows, training = int(first[0]), int(first[1])
    if not 0 < training <= rows < 1 << 40:
        raise PlanMismatch(peer=roles[0])
    return Sizes(rows, training, tuple(int(heard[role][2]) for role in roles), rare=bool(first[3]))
