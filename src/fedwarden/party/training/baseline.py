"""What the guest would reach without anybody: the same model on its own columns, the same rows, the same penalty.

Computed by the guest for itself; nothing of it is sent to a host or to the arbiter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine import evaluation

Reals = NDArray[np.float64]


def guest_alone(algorithm: str, features: Reals, label: Reals, training: int, alpha: float) -> dict[str, Any]:
    """``{"train": {...}, "validation": {...}}`` of the guest's own model, by scikit-learn.

    ``features`` (rows, columns) and ``label`` (rows) with the ``training`` training rows first; ``alpha`` as in the
    joint training: mean loss + alpha/2·‖w‖² on features standardised over the training rows, intercept free. Empty
    when the guest has no column that varies.
    """
    mean, scale = features[:training].mean(axis=0), features[:training].std(axis=0)
    kept = scale > 0
    if not kept.any():
        return {}
    inside = (features[:, kept] - mean[kept]) / scale[kept]
    fitted = _scores(algorithm, inside, label, training, alpha)
    measure = evaluation.evaluate_binary if algorithm == "hetero_lr" else evaluation.evaluate_regression
    metrics: dict[str, Any] = {"train": measure(label[:training], fitted[:training])}
    if training < len(label):
        metrics["validation"] = measure(label[training:], fitted[training:])
    return metrics


def _scores(algorithm: str, inside: Reals, label: Reals, training: int, alpha: float) -> Reals:
    """Probabilities (logistic) or values (linear) of all rows; the model is fitted on the training rows."""
    # scikit-learn takes more than a second to import: only where it is asked for
    from sklearn.linear_model import LogisticRegression, Ridge

    if algorithm == "hetero_lr":
        penalty = np.inf if alpha == 0 else 1 / (training * alpha)
        model = LogisticRegression(C=penalty, solver="newton-cholesky", max_iter=200)
        model.fit(inside[:training], label[:training])
        return np.asarray(model.predict_proba(inside)[:, 1], dtype=np.float64)
    ridge = Ridge(alpha=training * alpha).fit(inside[:training], label[:training])
    return np.asarray(ridge.predict(inside), dtype=np.float64)
