"""How wrong the sine series was for the scores it met; the guest alone computes it, from scores it is given anyway."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MARGIN = 9  # the series holds for |z| < L − 9
TOLERATED_EXCESS = 3e-5


def excess(scores: NDArray[np.float64], period: int) -> float:
    """Root mean square over all rows of the series' error at rows with |z| > L − 9.

    The series is the periodic continuation of σ(z) − 1/2 − z/L, so with z' = z wrapped into (−L/2, L/2] its error is
    σ(z') + (z − z')/L − σ(z). As ‖X̃ᵀ/n‖ ≤ 2/√n, the preconditioned gradient is wrong by at most twice this number:
    one row slightly outside
    does not matter among thousands, which the plain maximum cannot tell.
    """
    outside = scores[np.abs(scores) > period - MARGIN]
    wrapped = outside - period * np.rint(outside / period)
    error = _sigmoid(wrapped) + (outside - wrapped) / period - _sigmoid(outside)
    return float(np.sqrt(np.sum(error**2) / max(scores.size, 1)))


def _sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = 0.5 * (1 + np.tanh(z / 2))
    return result
