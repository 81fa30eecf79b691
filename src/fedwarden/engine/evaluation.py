"""How well scores agree with labels: the guest's own arithmetic on values that were opened to it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Metrics = dict[str, float | int | None]


def evaluate_binary(labels: Floats, probabilities: Floats, threshold: float = 0.5) -> Metrics:
    """Metrics of ``probabilities`` (n, in [0, 1]) against ``labels`` (n, 0 or 1).

    ``auc``: area under the ROC curve, ties counted half; ``ks``: the largest distance of the ROC curve from its
    diagonal; both None where only one class occurs. ``accuracy``: a probability of at least ``threshold`` says 1.
    ``log_loss``: natural logarithm, probabilities kept a machine epsilon away from 0 and 1. All None without rows.
    """
    y, p = _pair(labels, probabilities)
    positives = int(np.count_nonzero(y))
    metrics: Metrics = {"rows": len(y), "positives": positives}
    if not len(y):
        return metrics | {"auc": None, "ks": None, "accuracy": None, "log_loss": None}
    eps = float(np.finfo(np.float64).eps)
    safe = np.clip(p, eps, 1 - eps)
    auc, ks = roc_summary(y, p)
    return metrics | {
        "auc": auc,
        "ks": ks,
        "accuracy": float(np.mean((p >= threshold) == (y > 0))),
        "log_loss": float(-np.mean(np.where(y > 0, np.log(safe), np.log1p(-safe)))),
    }


def evaluate_regression(values: Floats, predictions: Floats) -> Metrics:
    """``mse``, ``rmse``, ``mae`` in the label's units (squared for mse); ``r2``: None if the values are all equal."""
    y, p = _pair(values, predictions)
    if not len(y):
        return {"rows": 0, "r2": None, "rmse": None, "mae": None, "mse": None}
    mse = float(np.mean((y - p) ** 2))
    spread = float(np.mean((y - y.mean()) ** 2)) if np.ptp(y) > 0 else 0.0
    return {
        "rows": len(y),
        "r2": 1 - mse / spread if spread > 0 else None,
        "rmse": math.sqrt(mse),
        "mae": float(np.mean(np.abs(y - p))),
        "mse": mse,
    }


def roc_summary(labels: Floats, scores: Floats) -> tuple[float | None, float | None]:
    """(AUC, KS) of any scores, larger meaning likelier 1; (None, None) where only one class occurs."""
    y, s = _pair(labels, scores)
    positives = int(np.count_nonzero(y))
    negatives = len(y) - positives
    if not positives or not negatives:
        return None, None
    order = np.argsort(-s, kind="stable")
    falling = s[order]
    # one point of the ROC curve after each run of equal scores: inside a run the order means nothing
    last = np.append(np.flatnonzero(np.diff(falling)), len(y) - 1)
    hits = np.cumsum(y[order] > 0)[last]
    tpr = np.concatenate(([0.0], hits / positives))
    fpr = np.concatenate(([0.0], (last + 1 - hits) / negatives))
    return float(np.trapezoid(tpr, fpr)), float(np.max(np.abs(tpr - fpr)))


def _pair(labels: Floats, scores: Floats) -> tuple[Floats, Floats]:
    y, s = np.asarray(labels, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if y.shape != s.shape or y.ndim != 1:
        raise ValueError(f"labels {y.shape} and scores {s.shape} must be two vectors of one length")
    return y, s
