"""How good the model is, at the guest, from the scores that the job declares: on training rows and held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine import evaluation

if TYPE_CHECKING:
    from fedwarden.engine.result import PartyResult


def evaluate(algorithm: str, label: NDArray[np.float64], training: int, outcome: PartyResult) -> dict[str, Any]:
    """``{"train": {...}, "validation": {...}}``; the second only where rows are held out."""
    measure = evaluation.evaluate_binary if algorithm == "hetero_lr" else evaluation.evaluate_regression
    parts = {
        "train": (label[:training], outcome.train_scores),
        "validation": (label[training:], outcome.held_out_scores),
    }
    metrics: dict[str, Any] = {}
    for name, (labels, scores) in parts.items():
        if scores is not None and len(scores):
            metrics[name] = measure(labels, _probability(scores) if algorithm == "hetero_lr" else scores)
    return metrics


def _probability(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    half = 0.5 * np.tanh(0.5 * scores)  # the sigmoid without overflow
    return np.asarray(0.5 + half, dtype=np.float64)
