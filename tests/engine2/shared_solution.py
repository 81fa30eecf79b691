"""Runs the shared solution of one linear system between simulated roles."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))
from simulate import DEALER, World, data_roles, run_parties, shares_of

from fedwarden.engine import newton
from fedwarden.engine.ring import decode, encode


def solve_shared(plan: newton.Schedule, g: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, World]:
    """w (d) put together from the parties' shares, and the world with its messages."""
    rng = np.random.default_rng(9)
    parts = [
        shares_of(encode(values, scale), plan.parties, rng)
        for values, scale in ((g, newton.G_SCALE), (g, newton.EXACT_SCALE), (b, newton.R_SCALE))
    ]
    world = World((*data_roles(plan.parties), DEALER))

    def party(ctx):
        k = ctx.index
        return newton.solve(ctx, plan, parts[0][k], parts[1][k], parts[2][k], "system", lambda: None)

    results = run_parties(
        plan.parties, party, lambda ctx: newton.solve_dealer(ctx, plan, "system", lambda: None), world
    )
    total = sum((results[r] for r in data_roles(plan.parties)), np.zeros(plan.columns, dtype=np.uint64))
    return decode(total, newton.W_SCALE), world
