"""Exact truncation of shared values by public numbers of bits (protocol, section 3), and opening.

The opened number is e = x + 2^62 + r with r = Σ u_p − T: u_p is what party p expands for itself, T (known to the
dealer alone) is the
part of x that the parties' partial sums do not yet hold. So a product's correction never has to travel
(``product``); with T = 0 this is
protocol section 3 as written. r is uniform whatever T is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.dealer import deal, dealt, sum_of_streams
from fedwarden.engine.kernels.shares import truncation_shares, truncation_values
from fedwarden.engine.ring import LIMIT_BITS, Ring
from fedwarden.engine.streams import Address

OPENING, REVEAL = "opening", "reveal"
MASK, DEALT = "truncation-mask", "truncation-dealt"
OFFSET = np.uint64(1 << LIMIT_BITS)


def as_shifts(shifts: int | NDArray[np.uint64], count: int) -> Ring:
    """One shift for all values, or one each. Raises ValueError outside 1 … 62."""
    out = np.broadcast_to(np.asarray(shifts, dtype=np.uint64), (count,))
    if count and (out.min() < 1 or out.max() > LIMIT_BITS):
        raise ValueError("shifts lie between 1 and 62")
    return np.ascontiguousarray(out)


def truncate(
    ctx: PartyContext, partial: Ring, shifts: int | NDArray[np.uint64], address: Address, turn: int = 0
) -> Ring:
    """Shares of floor(x/2^s) or +1 (unbiased) for x = Σ partial + T, −2^62 ≤ x < 2^62; one round of (count,)
    messages."""
    opened = partial + ctx.streams.take(address._replace(purpose=MASK, frm=ctx.role), partial.size)
    ctx.send_others(OPENING, opened.copy())
    for role in ctx.others:
        opened += ctx.receive(role, OPENING, partial.size)
    opened += OFFSET
    values = dealt(ctx, address._replace(purpose=DEALT), 2, partial.size, turn=turn)
    out = np.empty(partial.size, dtype=np.uint64)
    truncation_shares(opened, as_shifts(shifts, partial.size), values, ctx.index == 0, out)
    return out


def truncate_dealer(
    ctx: DealerContext, missing: Ring, shifts: int | NDArray[np.uint64], address: Address, turn: int = 0
) -> None:
    """The dealer's side; ``missing`` is T, zeros where the parties' shares are already complete."""
    masks = sum_of_streams(ctx, address._replace(purpose=MASK), missing.size)
    masks -= missing
    values = np.empty((2, missing.size), dtype=np.uint64)
    truncation_values(masks, as_shifts(shifts, missing.size), values)
    deal(ctx, address._replace(purpose=DEALT), values, turn)


def reveal(ctx: PartyContext, share: Ring, to: str) -> Ring | None:
    """Opens truncated values to one party: the values there, None elsewhere. Never call it with an untruncated
    product."""
    if ctx.role != to:
        ctx.net.send(to, REVEAL, share.copy())
        return None
    total = share.copy()
    for role in ctx.others:
        total += ctx.receive(role, REVEAL, *share.shape)
    return total


def reveal_to_all(ctx: PartyContext, share: Ring) -> Ring:
    """Opens truncated values to every data party."""
    ctx.send_others(REVEAL, share.copy())
    total = share.copy()
    for role in ctx.others:
        total += ctx.receive(role, REVEAL, *share.shape)
    return total
