"""A party's own preparation of its columns: standardise, drop constants, precondition its block (protocol, section 5).

Floats are fine here: nothing of this is public, and only its owner uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine.errors import BadInput

Reals = NDArray[np.float64]
RANK_CUT = 1e-10  # eigenvalues below this part of the largest count as zero
CONSTANT_CUT = 1e-9  # a deviation below this part of the mean is rounding, not information


@dataclass(frozen=True)
class Standardised:
    """``values`` (rows, kept) float64; ``means``, ``scales`` (columns,) of the training rows, population deviation;
    ``kept`` indices."""

    values: Reals
    means: Reals
    scales: Reals
    kept: NDArray[np.int64]
    dropped: list[int]


def standardise(features: Reals, training_rows: int) -> Standardised:
    """Centres and scales by the training rows (0 … training_rows−1); constant columns are dropped and get scale 1.

    Raises BadInput for cells that are not finite or whose squares are not.
    """
    features = np.asarray(features, dtype=np.float64)
    if not np.isfinite(features).all():
        raise BadInput(what="not finite")
    training = features[:training_rows]
    if features.shape[1]:
        with np.errstate(over="ignore", invalid="ignore"):
            means = training.mean(axis=0)
            spread = np.sqrt(np.mean((training - means) ** 2, axis=0))
        if not np.isfinite(spread).all():
            raise BadInput(what="too large")
    else:
        means = spread = np.zeros(0)
    kept = np.flatnonzero(spread > CONSTANT_CUT * np.abs(means))
    scales = np.ones_like(spread)
    scales[kept] = spread[kept]
    values = (features[:, kept] - means[kept]) / scales[kept]
    return Standardised(
        values, means, scales, kept, [j for j in range(features.shape[1]) if j not in set(kept.tolist())]
    )


def preconditioner(values: Reals, training_rows: int, blocks: int, curvature: float, alpha: float) -> Reals:
    """P = (blocks·curvature·XᵀX/n + alpha·I)^(−1/2), (d, d), symmetric; null directions map to 0.

    ``curvature``: the loss's largest second derivative, 1/4 for logistic and 1 for squared loss.
    """
    training = values[:training_rows]
    matrix = blocks * curvature * (training.T @ training) / training_rows + alpha * np.eye(values.shape[1])
    if not values.shape[1]:
        return matrix
    eigenvalues, vectors = np.linalg.eigh(matrix)
    alive = eigenvalues > RANK_CUT * eigenvalues[-1]
    roots = np.zeros_like(eigenvalues)
    roots[alive] = 1 / np.sqrt(eigenvalues[alive])
    result: Reals = (vectors * roots) @ vectors.T
    return result
