"""One registered table made ready for looking up single rows: its ids as digests, its numbers in a file without a name.

The file was checked when it was registered; here its checksum stands for these checks, and it is read in groups of
columns. Memory: 24 bytes per row, whatever the ids and the number of columns; while it is read, the ids and one group.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import weakref
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fedwarden.common import disk
from fedwarden.common.api import Dataset
from fedwarden.common.errors import DataError
from fedwarden.party.tables.nameless import nameless
from fedwarden.party.tables.own_table import load_table
from fedwarden.party.tables.table_file import changed, open_table
from fedwarden.party.tables.table_ids import read_ids
from fedwarden.party.tables.table_read import CsvFile, ParquetFile, groups
from fedwarden.party.tables.table_text import examine
from fedwarden.party.tables.table_values import to_numbers

_DIGEST = 16  # bytes: two of a billion ids agree with a chance below 10^-20
_SLICE = 1 << 16


class RowStore:
    """``row`` of an id. Column after column: a row is one read of 8 bytes per column.

    Raises DataError FW-DATA-042 when the file is not what was registered, or why it cannot be read; StateError
    FW-STATE-710 when the agent's own folder has no room for its numbers (8 bytes per cell).
    """

    def __init__(self, home: Path, dataset: Dataset) -> None:
        self._rows, self._width = dataset.rows, len(dataset.features)
        self._key = secrets.token_bytes(32)
        try:
            self._file = nameless(home)
            weakref.finalize(self, os.close, self._file)
            ids = self._take(home, dataset)
        except OSError as error:
            raise disk.refusal(error, where=str(home)) or error from None
        if len(ids) != self._rows:
            raise changed(dataset)
        digests = np.empty((self._rows, 2), dtype=">u8")
        for start in range(0, self._rows, _SLICE):
            part = b"".join(map(self._digest, ids[start : start + _SLICE]))
            digests[start : start + _SLICE] = np.frombuffer(part, dtype=">u8").reshape(-1, 2)
        order = np.argsort(digests[:, 0], kind="stable")
        self._order = order.astype(np.uint32 if self._rows < 1 << 32 else np.uint64)
        self._first = digests[order, 0].astype(np.uint64)
        self._second = digests[order, 1].astype(np.uint64)

    def row(self, sample_id: str) -> NDArray[np.float64] | None:
        """The values of the row with that id (normalised), NaN where missing; None if there is none."""
        wanted = np.frombuffer(self._digest(sample_id), dtype=">u8").astype(np.uint64)
        place = int(np.searchsorted(self._first, wanted[0]))
        while place < self._rows and self._first[place] == wanted[0]:
            if self._second[place] == wanted[1]:
                return self._read(int(self._order[place]))
            place += 1
        return None

    def _digest(self, sample_id: str) -> bytes:
        return hashlib.blake2b(sample_id.encode(), key=self._key, digest_size=_DIGEST).digest()

    def _read(self, row: int) -> NDArray[np.float64]:
        places = (8 * (column * self._rows + row) for column in range(self._width))
        return np.frombuffer(b"".join(os.pread(self._file, 8, place) for place in places), dtype=np.float64)

    def _write(self, column: int, numbers: pl.Series) -> None:
        """Cells that are missing become NaN. Raises OSError when there is no room."""
        data = memoryview(np.ascontiguousarray(numbers.to_numpy(), dtype=np.float64).tobytes())
        place = 8 * column * self._rows
        while data:
            done = os.pwrite(self._file, data, place)
            data, place = data[done:], place + done

    def _take(self, home: Path, dataset: Dataset) -> pl.Series:
        """Writes the numbers; answers the ids in the table's order."""
        if dataset.encoding not in ("utf-8", ""):  # rare: read as a whole
            table = load_table(home, dataset)
            for column in range(self._width):
                self._write(column, pl.Series(table.features[:, column]))
            return pl.Series(table.ids, dtype=pl.String)
        with open_table(dataset.path, home) as handle:
            text = examine(handle, dataset.path, dataset.encoding or None)
            if text.sha256 != dataset.sha256:
                raise changed(dataset)
            source = f"/proc/self/fd/{handle.fileno()}"
            columns: ParquetFile | CsvFile
            if text.format == "parquet":
                columns = ParquetFile(dataset.path, source)
            else:
                columns = CsvFile(dataset.path, text._replace(source=source), dataset.rows)
            try:
                ids, _ = read_ids(dataset.path, columns.select([dataset.id_column]).to_series(), lambda row: row)
                for group in groups(columns, dataset.features):
                    numbers = to_numbers(dataset.path, columns.select(group), lambda row: row)
                    for name in group:
                        self._write(dataset.features.index(name), numbers.get_column(name))
            except DataError as error:  # its content passed these checks once: it is another content now
                raise changed(dataset) from error
        return ids
