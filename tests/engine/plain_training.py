"""The protocol's iterations in plain float64 on the pooled rows: what a sealed training should do step by step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fedwarden.engine.plan import MOMENTUM_BITS, Plan
from fedwarden.engine.precondition import preconditioner, standardise


class Plain(NamedTuple):
    """``standardised`` (columns,), the guest's first; ``scores`` (rows,); ``losses`` where the plan opens them."""

    standardised: np.ndarray
    scores: np.ndarray
    losses: list[float]


def plain_training(X: np.ndarray, y: np.ndarray, cuts: Sequence[int], plan: Plan, alpha: float) -> Plain:
    """Columns cut at ``cuts`` into parties, guest first; the true sigmoid, no truncation."""
    rows, bounds = len(y), [0, *cuts, X.shape[1]]
    parts = [standardise(X[:, a:b], rows) for a, b in pairwise(bounds)]
    turns = [preconditioner(part.moments(), len(parts), 0.25, alpha) for part in parts]
    matrix = np.hstack(
        [np.full((rows, 1), 2.0), *(part.block(0, rows) @ p for part, p in zip(parts, turns, strict=True))]
    )
    penalty = np.zeros((matrix.shape[1], matrix.shape[1]))
    places = np.cumsum([1, *(len(p) for p in turns)])
    for p, (start, stop) in zip(turns, pairwise(places), strict=True):
        penalty[start:stop, start:stop] = alpha * p.T @ p
    weights = before = np.zeros(matrix.shape[1])
    losses = []
    for t in range(plan.iterations):
        beta = plan.momentum[t] / (1 << MOMENTUM_BITS)
        ahead = (1 + beta) * weights - beta * before
        scores = matrix @ ahead
        if plan.loss_wanted(t):
            losses.append(float(np.mean(np.logaddexp(0, scores) - y * scores)))
        gradient = matrix.T @ (1 / (1 + np.exp(-scores)) - y) / rows + penalty @ ahead
        before, weights = weights, ahead - gradient
    found = [p @ weights[start:stop] for p, (start, stop) in zip(turns, pairwise(places), strict=True)]
    return Plain(np.concatenate(found), matrix @ weights, losses)
