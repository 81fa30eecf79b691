"""A loop of a new attempt that goes on from an earlier attempt's shares (docs/protocol.md, sections 1 and 5).

Masks, streams and openings are the new attempt's. The shares are refreshed by sharings of zero, and the products of the
iteration before, which the momentum needs, are formed anew under the new masks; nothing is opened for it.
"""

from __future__ import annotations

import numpy as np

from fedwarden.engine.checkpoint import Checkpoint
from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.dealer import deal, dealt
from fedwarden.engine.errors import StaleCheckpoint
from fedwarden.engine.lr_dealer import DealerLoop
from fedwarden.engine.lr_party import PartyLoop
from fedwarden.engine.plan import Plan
from fedwarden.engine.product import multiply, multiply_dealer
from fedwarden.engine.ring import Ring
from fedwarden.engine.streams import Address

ZERO, ZERO_BEFORE = "zero", "zero-before"
PRODUCT = Address("", "", visit=1)  # the loop's own products are visit 0
ROUNDS = 1


def go_on(ctx: PartyContext, plan: Plan, loop: PartyLoop, start: Checkpoint) -> None:
    """Sets a fresh loop to ``start``. Raises StaleCheckpoint for another plan's or other columns' checkpoint."""
    columns = loop.columns
    fits = all({role: share.size for role, share in held.items()} == columns for held in (start.weights, start.before))
    if start.plan != plan.digest() or not fits or start.position.iteration > plan.iterations:
        raise StaleCheckpoint(lengthened=start.position.lengthened, iteration=start.position.iteration)
    loop.weights = _refreshed(ctx, start.weights, ZERO)
    if not start.position.iteration:  # the momentum begins at 0
        loop.before = {role: share.copy() for role, share in loop.weights.items()}
        return
    loop.before = _refreshed(ctx, start.before, ZERO_BEFORE)
    products = multiply(ctx, list(loop.matrices.values()), loop.before, PRODUCT)
    _set_products(loop, plan, products)
    loop.rounds += ROUNDS


def go_on_dealer(ctx: DealerContext, plan: Plan, loop: DealerLoop, iteration: int) -> None:
    """The dealer's side of ``go_on``."""
    for role, count in loop.columns.items():
        deal(ctx, Address(role, ZERO), np.zeros(count, dtype=np.uint64))
    if not iteration:
        return
    for role, count in loop.columns.items():
        deal(ctx, Address(role, ZERO_BEFORE), np.zeros(count, dtype=np.uint64))
    _set_products(loop, plan, multiply_dealer(ctx, list(loop.matrices.values()), PRODUCT))


def _refreshed(ctx: PartyContext, shares: dict[str, Ring], purpose: str) -> dict[str, Ring]:
    return {role: shares[role] + dealt(ctx, Address(role, purpose), shares[role].size) for role in ctx.data_roles}


def _set_products(loop: PartyLoop | DealerLoop, plan: Plan, products: dict[str, Ring]) -> None:
    """Partial sums of X·v_before and R·v_before, where the loop's next iteration looks for them."""
    n = plan.rows
    loop.scores.fill(0)
    for role, product in products.items():
        loop.scores += product[:n]
        loop.penalty[role][:] = product[n : n + loop.columns[role]]
