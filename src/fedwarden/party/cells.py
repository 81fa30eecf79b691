"""A party's cells in the common order of rows, with means in the place of missing ones: one array, filled in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


class Cells:
    """``values`` (rows, columns) float64, changed by ``fill``; ``incomplete``: the columns in which cells are missing.

    Which cells those are (NaN when they come) is kept, so that they can be filled anew from other rows.
    """

    def __init__(self, values: Reals) -> None:
        self.values: Reals = np.ascontiguousarray(values, dtype=np.float64)
        self.incomplete: list[int] = [
            column for column in range(self.values.shape[1]) if np.isnan(self.values[:, column]).any()
        ]
        self._missing = {column: np.isnan(self.values[:, column]) for column in self.incomplete}
        self._known: dict[int, Reals] = {}

    def fill(self, training: int) -> Reals:
        """Missing cells become their column's mean over the first ``training`` rows; returns ``values``.

        A column that is missing in every one of those becomes 0 throughout: a constant column, dropped like any other.
        """
        for column, missing in self._missing.items():
            cells = self.values[:, column]
            if column in self._known:
                cells[~missing] = self._known.pop(column)
            known = cells[:training][~missing[:training]]
            if known.size:
                cells[missing] = known.mean()
            else:
                self._known[column] = cells[~missing]
                cells[:] = 0.0
        return self.values
