"""Tables cut by columns, shuffled and only partly in common, and what scikit-learn says about the pooled rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, Ridge

Floats = npt.NDArray[np.float64]


@dataclass
class Tables:
    """``paths[0]`` is the guest's; ``X`` holds the common rows, guest's columns first, in the order of ``ids``."""

    paths: list[Path]
    columns: list[list[str]]
    ids: list[str]
    X: Floats
    y: Floats

    def own(self, part: int, row: int) -> Floats:
        """The features of one common row at one party."""
        start = sum(map(len, self.columns[:part]))
        return self.X[row, start : start + len(self.columns[part])]

    def named(self, row: int) -> dict[str, float]:
        return dict(zip(self.columns[0], self.own(0, row).tolist(), strict=True))

    def words(self, row: int) -> list[str]:
        """The guest's features of a row as ``-params`` takes them."""
        return [repr(v) for v in self.own(0, row).tolist()]


def cut(folder: Path, X: Floats, y: Floats, names: list[list[str]], *, seed: int = 5, missing: int = 15) -> Tables:
    """One CSV per party: its columns, its own row order, and without ``missing`` rows that the others may have."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    n = len(y)
    # Eighteen digits: a reader that takes ids for numbers loses the last ones.
    ids = [f"33010619{seed:02d}{k:07d}{k % 10}" for k in rng.choice(9_999_999, n, replace=False).tolist()]
    absent = rng.permutation(n)[: missing * len(names)].reshape(len(names), missing)
    paths, first = [], 0
    for part, own in enumerate(names):
        rows = [int(r) for r in rng.permutation(n) if r not in absent[part]]
        path = folder / f"party{part}.csv"
        with path.open("w", newline="", encoding="utf-8") as handle:
            table = csv.writer(handle, lineterminator="\n")
            table.writerow(["id", *(["y"] if part == 0 else []), *own])
            for r in rows:
                label = [repr(float(y[r])) if y[r] % 1 else str(int(y[r]))] if part == 0 else []
                table.writerow([ids[r], *label, *(repr(float(v)) for v in X[r, first : first + len(own)])])
        first += len(own)
        paths.append(path)
    common = np.setdiff1d(np.arange(n), absent)
    return Tables(paths, names, [ids[r] for r in common], X[common], y[common].astype(np.float64))


def breast(folder: Path, hosts: int = 1, *, seed: int = 5, missing: int = 15) -> Tables:
    """Guest: the ten "worst" columns; hosts: "mean" and "error", in one table or in two. Raw units."""
    data = load_breast_cancer()
    names = [str(name) for name in data.feature_names]
    order = [*range(20, 30), *range(20)]
    parts = [names[20:], names[:20]] if hosts == 1 else [names[20:], names[:10], names[10:20]]
    # Units in which every cell has many digits, so that a cell's text found elsewhere is no accident.
    X = data.data[:, order].astype(np.float64) * 1.0012345678
    return cut(folder, X, data.target.astype(np.float64), parts, seed=seed, missing=missing)


def regression(folder: Path, seed: int = 11, n: int = 800) -> Tables:
    """A seeded regression table: columns correlated inside and across three parties, different units, noise."""
    rng = np.random.default_rng(seed)
    widths = [4, 4, 3]
    d = sum(widths)
    hidden = rng.normal(size=(n, 4))
    X = hidden @ rng.normal(size=(4, d)) + 0.5 * rng.normal(size=(n, d))
    y = X @ rng.normal(size=d) + 3 * rng.normal(size=n)
    X = X * 10.0 ** rng.integers(-2, 3, d) + rng.normal(size=d) * 20
    y = (y - y.mean()) / y.std() + 0.04
    names = [[f"p{p}_x{k}" for k in range(w)] for p, w in enumerate(widths)]
    return cut(folder, X, y, names, seed=seed)


@dataclass
class Pooled:
    """A model on pooled rows: standardised coefficients (population deviation), intercept for standardised rows."""

    mean: Floats
    scale: Floats
    w: Floats
    w0: float

    def score(self, X: Floats) -> Floats:
        out: Floats = (X - self.mean) / self.scale @ self.w + self.w0
        return out

    def prob(self, X: Floats) -> Floats:
        out: Floats = 1 / (1 + np.exp(-self.score(X)))
        return out


def pooled_logistic(X: Floats, y: Floats, alpha: float) -> Pooled:
    """scikit-learn's optimum of mean loss + alpha/2·‖w‖² on standardised columns, intercept unpenalised."""
    mean, scale = X.mean(0), X.std(0)
    model = LogisticRegression(C=1 / (len(y) * alpha), solver="newton-cholesky", tol=1e-10, max_iter=1000)
    model.fit((X - mean) / scale, y)
    return Pooled(mean, scale, model.coef_[0], float(model.intercept_[0]))


def pooled_ridge(X: Floats, y: Floats, alpha: float) -> Pooled:
    mean, scale = X.mean(0), X.std(0)
    model = Ridge(alpha=len(y) * alpha, solver="cholesky").fit((X - mean) / scale, y)
    return Pooled(mean, scale, model.coef_, float(model.intercept_))


def joint(parts: Sequence[dict[str, object]], tables: Tables) -> Pooled:
    """The joint model put together from the parties' own model files, on the scale of the pooled rows.

    Reads only what stands there in original units: ``coefficients`` by column name and the guest's ``intercept``.
    """
    mean, scale = tables.X.mean(0), tables.X.std(0)
    raw: list[float] = []
    for part, own in zip(parts, tables.columns, strict=True):
        weights = part["coefficients"]
        assert isinstance(weights, dict)
        raw += [float(weights[name]) for name in own]
    w = np.array(raw)
    intercept = parts[0]["intercept"]
    assert isinstance(intercept, float | int)
    return Pooled(mean, scale, w * scale, float(intercept + mean @ w))


def objective(model: Pooled, tables: Tables, alpha: float) -> float:
    """Mean logistic loss + alpha/2·‖w‖² over the common rows."""
    z = model.score(tables.X)
    return float(np.mean(np.logaddexp(0, z) - tables.y * z) + alpha / 2 * model.w @ model.w)


def r2(y: Floats, predicted: Floats) -> float:
    return float(1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum())
