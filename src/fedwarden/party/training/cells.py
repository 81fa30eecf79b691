"""A party's cells in the common order of rows, with means in the place of missing ones: one array, filled in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


class Cells:
    """``values`` (rows, columns) float64, changed by ``fill``; ``incomplete``: the columns in which cells are missing.

    Which cells those are (NaN when they come) is kept, one bit each, so that they can be filled anew from other rows.
    ``between`` is called when a column is done.
    """

    def __init__(self, values: Reals, between: Callable[[], None] | None = None) -> None:
        self.values = values
        self._between = between or (lambda: None)
        self._missing: dict[int, NDArray[np.uint8]] = {}
        self._known: dict[int, Reals] = {}
        for column in range(values.shape[1]):
            missing = np.isnan(values[:, column])
            if missing.any():
                self._missing[column] = np.packbits(missing)
            self._between()

    @property
    def incomplete(self) -> list[int]:
        return list(self._missing)

    def fill(self, training: int) -> Reals:
        """Missing cells become their column's mean over the first ``training`` rows; returns ``values``.

        A column that is missing in every one of those becomes 0 throughout: a constant column, dropped like any other.
        """
        for column, bits in self._missing.items():
            missing = np.unpackbits(bits, count=len(self.values)).view(np.bool_)
            cells = self.values[:, column]
            if column in self._known:
                cells[~missing] = self._known.pop(column)
            known = cells[:training][~missing[:training]]
            if known.size:
                cells[missing] = known.mean()
            else:
                self._known[column] = cells[~missing]
                cells[:] = 0.0
            self._between()
        return self.values
