"""What one party holding all rows and columns would get, by scikit-learn: the yardstick of the federated results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge


@dataclass
class Pooled:
    """A linear model on standardised features (population standard deviation)."""

    coefficients: np.ndarray  # (d,), standardised units; 0 where a column is constant
    intercept: float  # on centred features
    mean: np.ndarray
    scale: np.ndarray  # 1 where a column is constant
    loss: float  # on the rows it was fitted on: mean log-loss, or mean squared error / 2

    def scores(self, features: np.ndarray) -> np.ndarray:
        return ((features - self.mean) / self.scale) @ self.coefficients + self.intercept

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-self.scores(features)))


def pooled_logistic(features: np.ndarray, y: np.ndarray, alpha: float = 0.01) -> Pooled:
    """Minimises mean log-loss + alpha/2·‖w‖², intercept free: ``LogisticRegression(C=1/(n·alpha))``."""
    mean, scale = _standard(features)
    inside = (features - mean) / scale
    penalty = np.inf if alpha == 0 else 1 / (len(y) * alpha)
    fitted = LogisticRegression(C=penalty, solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(inside, y)
    coefficients, intercept = fitted.coef_[0], float(fitted.intercept_[0])
    signed = np.where(y == 1, 1.0, -1.0) * (inside @ coefficients + intercept)
    return Pooled(coefficients, intercept, mean, scale, float(np.logaddexp(0, -signed).mean()))


def pooled_ridge(features: np.ndarray, y: np.ndarray, alpha: float = 0.01) -> Pooled:
    """Minimises mean squared error/2 + alpha/2·‖w‖², intercept free: ``Ridge(alpha=n·alpha)``."""
    mean, scale = _standard(features)
    inside = (features - mean) / scale
    fitted = Ridge(alpha=len(y) * alpha, tol=1e-12).fit(inside, y)
    coefficients, intercept = np.asarray(fitted.coef_), float(fitted.intercept_)
    left = inside @ coefficients + intercept - y
    return Pooled(coefficients, intercept, mean, scale, float((left**2).mean() / 2))


def _standard(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = features.std(axis=0)
    return features.mean(axis=0), np.where(scale > 0, scale, 1.0)
