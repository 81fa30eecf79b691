"""A party's own preparation of its columns: standardise, drop constants, precondition its block (protocol, section 5).

Floats are fine here: nothing of this is public, and only its owner uses it. Everything goes by blocks of rows, so that
nothing as large as the table is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine.errors import BadInput

Reals = NDArray[np.float64]
Between = Callable[[], None]
RANK_CUT = 1e-10  # eigenvalues below this part of the largest count as zero
#: Rows of a block, and its bytes as float64, whichever is less: a few copies of a block exist at a time.
BLOCK_ROWS, BLOCK_BYTES = 1 << 14, 8 << 20
CONSTANT_CUT = 1e-9  # a deviation below this part of the mean is rounding, not information


def nothing() -> None:
    """Features in memory stay where they are."""


@dataclass(frozen=True)
class Standardised:
    """``between`` is called when a block was used.

    ``features`` (rows, columns) as given, training rows first; ``means``, ``scales`` (columns,) of those, population
    deviation; ``kept`` indices of the columns that vary."""

    features: Reals
    training_rows: int
    means: Reals
    scales: Reals
    kept: NDArray[np.int64]
    dropped: list[int]
    between: Between = nothing

    @property
    def rows(self) -> int:
        return int(self.features.shape[0])

    def block(self, first: int, last: int) -> Reals:
        """Rows first ≤ i < last of the kept columns, centred and scaled: a new array (last − first, kept)."""
        values: Reals = self.features[first:last][:, self.kept] - self.means[self.kept]
        values /= self.scales[self.kept]
        self.between()
        return values

    def moments(self) -> Reals:
        """XᵀX/n over the training rows, (kept, kept)."""
        total = np.zeros((self.kept.size, self.kept.size))
        for first, last in row_blocks(0, self.training_rows, self.kept.size):
            part = self.block(first, last)
            total += part.T @ part
        return total / self.training_rows


def row_blocks(first: int, last: int, columns: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of blocks of rows of ``columns`` columns that cover first … last − 1."""
    step = max(1, min(BLOCK_ROWS, BLOCK_BYTES // (8 * max(columns, 1))))
    for start in range(first, last, step):
        yield start, min(start + step, last)


def standardise(features: Reals, training_rows: int, between: Between = nothing) -> Standardised:
    """Means and deviations of the training rows (0 … training_rows−1); constant columns are dropped and get scale 1.

    Raises BadInput for cells that are not finite or whose squares are not.
    """
    features = np.asarray(features, dtype=np.float64)
    means = np.zeros(features.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for start, stop in row_blocks(0, len(features), features.shape[1]):
            part = features[start:stop]
            if not np.isfinite(part).all():
                raise BadInput(what="not finite")
            means += part[: max(0, training_rows - start)].sum(axis=0)
            between()
    means /= training_rows
    squares = np.zeros(len(means))
    with np.errstate(over="ignore", invalid="ignore"):
        for start, stop in row_blocks(0, training_rows, features.shape[1]):
            squares += np.square(features[start:stop] - means).sum(axis=0)
            between()
    spread = np.sqrt(squares / training_rows)
    if not np.isfinite(spread).all():
        raise BadInput(what="too large")
    kept = np.flatnonzero(spread > CONSTANT_CUT * np.abs(means))
    scales = np.ones_like(spread)
    scales[kept] = spread[kept]
    dropped = [j for j in range(features.shape[1]) if j not in set(kept.tolist())]
    return Standardised(features, training_rows, means, scales, kept, dropped, between)


def preconditioner(moments: Reals, blocks: int, curvature: float, alpha: float) -> Reals:
    """P = (blocks·curvature·XᵀX/n + alpha·I)^(−1/2), (d, d), symmetric, from XᵀX/n; null directions map to 0.

    ``curvature``: the loss's largest second derivative, 1/4 for logistic and 1 for squared loss.
    """
    matrix = blocks * curvature * moments + alpha * np.eye(len(moments))
    if not len(moments):
        return matrix
    eigenvalues, vectors = np.linalg.eigh(matrix)
    alive = eigenvalues > RANK_CUT * eigenvalues[-1]
    roots = np.zeros_like(eigenvalues)
    roots[alive] = 1 / np.sqrt(eigenvalues[alive])
    result: Reals = (vectors * roots) @ vectors.T
    return result


def shorten_rows(rows: Reals, limit: float) -> int:
    """Shortens rows longer than ``limit`` in place; how many there were."""
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    far = norms > limit
    if far.any():
        rows[far] *= (limit / norms[far])[:, None]
    return int(far.sum())
