"""Dealt shares: the dealer knows a vector, the parties get additive shares of it.

All parties but one expand their shares from their streams; the dealer sends the correction to the last one
(protocol, section 1).
"""

from __future__ import annotations

import numpy as np

from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.ring import Ring
from fedwarden.engine.streams import Address

CORRECTION = "dealt"


def last_role(data_roles: tuple[str, ...], turn: int) -> str:
    """Who receives the correction; turns share the traffic out between the parties."""
    return data_roles[turn % len(data_roles)]


def dealt(ctx: PartyContext, address: Address, *shape: int, turn: int = 0) -> Ring:
    """This party's share of a vector that the dealer deals with ``deal`` under the same address and turn."""
    if ctx.role == last_role(ctx.data_roles, turn):
        return ctx.receive(ctx.dealer, CORRECTION, *shape)
    return ctx.streams.take(address._replace(frm=ctx.dealer, to=ctx.role), *shape)


def deal(ctx: DealerContext, address: Address, values: Ring, turn: int = 0) -> None:
    """Deals shares of ``values``; only the correction travels."""
    last = last_role(ctx.data_roles, turn)
    correction = values.copy()
    for role in ctx.others(last):
        correction -= ctx.streams[role].take(address._replace(frm=ctx.role, to=role), *values.shape)
    ctx.net.send(last, CORRECTION, np.ascontiguousarray(correction))


def sum_of_streams(ctx: DealerContext, address: Address, *shape: int) -> Ring:
    """Σ over the parties of what each expands for itself at ``address`` (with its own name in ``frm``)."""
    total = np.zeros(shape, dtype=np.uint64)
    for role in ctx.data_roles:
        total += ctx.streams[role].take(address._replace(frm=role), *shape)
    return total
