"""The same training in plain float64 on pooled rows: the yardstick of the benchmark, never part of a job."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


def iteration(features: Reals, labels: Reals, weights: Reals, alpha: float, step: float) -> Reals:
    """One full-batch gradient step of logistic regression; features (n, d), labels (n,), weights (d,)."""
    scores = features @ weights
    residual = 1.0 / (1.0 + np.exp(-scores)) - labels
    result: Reals = weights - step * (features.T @ residual / labels.size + alpha * weights)
    return result
