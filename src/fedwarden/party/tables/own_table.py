"""A registered table for this party's own use: by its workers, and by its agent to look up rows for predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedwarden.common.api import Dataset, DatasetRequest
from fedwarden.common.errors import DataError
from fedwarden.party.tables.table_file import changed

if TYPE_CHECKING:
    import polars as pl

Room = Callable[[int, int], NDArray[np.float64]]
_ROWS = 1 << 14


class Table(NamedTuple):
    """``ids``: n texts (NFC, stripped, unique). ``features``: float64, n×d, in ``dataset.features``' order.

    Missing cells are NaN (only where the dataset was registered with ``missing: mean``; the worker fills them with
    means of its training rows). ``label``: float64, n, as it stands in the table; None for hosts.
    """

    dataset: Dataset
    ids: list[str]
    features: NDArray[np.float64]
    label: NDArray[np.float64] | None

    def pieces(self) -> Iterator[bytes]:
        """The features' bytes, row by row, some rows at a time: the same wherever the table is kept."""
        for start in range(0, len(self.features), _ROWS):
            yield np.ascontiguousarray(self.features[start : start + _ROWS]).astype("<f8", copy=False).tobytes()

    def binary_label(self) -> NDArray[np.float64]:
        """The label as 0/1, where it is 0/1 or −1/1. Raises DataError FW-DATA-051, -052 else."""
        if self.label is None:
            raise DataError("FW-DATA-051", path=self.dataset.path)
        if self.dataset.label_kind == "number":
            raise DataError("FW-DATA-052", path=self.dataset.path, column=self.dataset.label)
        return (self.label > 0).astype(np.float64)


class _Columns:
    """Takes a table's columns as they are read."""

    def __init__(self, dataset: Dataset, room: Room) -> None:
        self._dataset = dataset
        self._place = {name: place for place, name in enumerate(dataset.features)}
        self.cells = room(dataset.rows, len(dataset.features))

    def take(self, numbers: pl.DataFrame) -> None:
        if numbers.columns and numbers.height != self._dataset.rows:
            raise changed(self._dataset)
        for name in numbers.columns:
            if name in self._place:
                self.cells[:, self._place[name]] = numbers.get_column(name).to_numpy()


def in_memory(rows: int, columns: int) -> NDArray[np.float64]:
    return np.empty((rows, columns), dtype=np.float64)


def load_table(
    home: Path, dataset: Dataset, room: Room = in_memory, between: Callable[[], None] | None = None
) -> Table:
    """Reads the table again, with every check of its registration.

    Raises DataError FW-DATA-042 when the file is not what was registered, or why it cannot be read. A million rows of
    20 columns take a few seconds and about 70 bytes per cell at the peak. ``room`` makes the array for the features;
    a Parquet file is read in groups of columns, and ``between`` called when one is in place.
    """
    from fedwarden.party.tables.table_check import read_table

    request = DatasetRequest(
        project=dataset.project,
        role=dataset.role,
        path=dataset.path,
        label=dataset.label,
        binary=False,
        id_column=dataset.id_column,
        encoding=dataset.encoding or None,
        missing=dataset.missing,
    )
    columns = _Columns(dataset, room)

    def keep(numbers: pl.DataFrame) -> None:
        columns.take(numbers)
        if between is not None:
            between()

    try:
        checked = read_table(request, home, keep)
    except DataError as error:
        if error.code in ("FW-DATA-002", "FW-DATA-003", "FW-DATA-004", "FW-DATA-005", "FW-DATA-006", "FW-DATA-043"):
            raise
        # its content passed these checks once: it is another content now
        raise changed(dataset) from error
    if checked.dataset.sha256 != dataset.sha256:
        raise changed(dataset)
    label = None if checked.label is None else np.ascontiguousarray(checked.label.to_numpy(), dtype=np.float64)
    return Table(dataset, checked.ids.to_list(), columns.cells, label)
