"""A table as columns: text cells as they stand in a CSV or TSV file, typed ones from Parquet. Form is checked here."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator

import polars as pl
from polars.exceptions import PanicException, PolarsError

from fedwarden.common.errors import DataError
from fedwarden.party.tables.table_text import Text

MAX_COLUMNS = 20_000
_HEADER_CHARS = 4 << 20


#: Columns of a Parquet file are read together while they are smaller than this, as numbers.
_GROUP_BYTES = 8 << 20


class ParquetFile:
    """A Parquet file of which only the columns that are asked for are read. Raises DataError FW-DATA-028."""

    def __init__(self, path: str, source: str) -> None:
        self._path = path
        with self._told():
            self._lazy = pl.scan_parquet(source, glob=False, hive_partitioning=False, low_memory=True, cache=False)
            names = list(self._lazy.collect_schema())
            self.height = int(self._lazy.select(pl.len()).collect().item())
        self.columns = [name.strip() for name in names] if _strippable(names) else names
        self._named = dict(zip(self.columns, names, strict=True))

    def select(self, names: list[str]) -> pl.DataFrame:
        with self._told():
            return self._lazy.select([pl.col(self._named[name]).alias(name) for name in names]).collect()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (PolarsError, PanicException, OSError, ValueError):  # its text may quote cells
            raise DataError("FW-DATA-028", path=self._path, format="Parquet") from None


class CsvFile:
    """A CSV or TSV file in UTF-8 that was read as a whole once, of which now only some columns are read, as text.

    Raises DataError FW-DATA-028.
    """

    def __init__(self, path: str, text: Text, rows: int) -> None:
        self.columns, self.height = header_of(path, text), rows
        self._path, self._text = path, text

    def select(self, names: list[str]) -> pl.DataFrame:
        """Blank lines at the end of the file are no rows."""
        try:
            frame = pl.scan_csv(
                self._text.source or self._path,
                separator="\t" if self._text.format == "tsv" else ",",
                infer_schema=False,
                new_columns=self.columns,
                glob=False,
                low_memory=True,
            )
            return frame.select(names).head(self.height).collect(engine="streaming")
        except (PolarsError, PanicException, OSError, ValueError):  # its text may quote cells
            raise DataError("FW-DATA-028", path=self._path, format=self._text.format.upper()) from None


Source = pl.DataFrame | ParquetFile


def groups(source: Source | CsvFile, names: list[str]) -> list[list[str]]:
    """``names``, in groups that are read one after another."""
    if isinstance(source, pl.DataFrame):
        return [names]
    most = _GROUP_BYTES * (3 if isinstance(source, CsvFile) else 1)  # a text file is gone through for each group
    count = max(1, most // (8 * source.height))
    return [names[start : start + count] for start in range(0, len(names), count)]


def read_columns(path: str, text: Text) -> Source:
    """Raises DataError: FW-DATA-009 … -012, -026 … -028, -032, -034."""
    if text.format == "parquet":
        return _parquet(path, text)
    names = header_of(path, text)
    frame = _csv(path, text, names)
    if frame.height == 0:
        raise DataError("FW-DATA-009", path=path)
    # a row that is too short shows as a missing cell in the last column; only then is the slow look needed
    if frame.get_column(names[-1]).null_count():
        _refuse_ragged(path, text, len(names), frame.height)
    return frame


def records(path: str, text: Text) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every record after the header, as the csv module reads them: slow, for error texts."""
    with open(text.source or path, encoding=text.codec, newline="") as handle:  # noqa: PTH123 - a newline argument
        reader = csv.reader(handle, delimiter="\t" if text.format == "tsv" else ",", strict=True)
        header = False
        for cells in reader:
            if header:
                yield reader.line_num, cells
            header = header or bool(cells)


def line_of(path: str, text: Text, row: int) -> int | str:
    """The line on which the ``row``-th row (1-based) ends, as an editor counts; a dash for Parquet."""
    if text.format == "parquet":
        return "–"
    try:
        for number, (line, _) in enumerate(records(path, text), start=1):
            if number == row:
                return line
    except (csv.Error, OSError, UnicodeDecodeError):
        pass
    return row + 1


def no_column(code: str, path: str, text: Text, column: str, names: list[str]) -> DataError:
    """Says where the header stands and how wide it is. Without a header the first line is a row: no cell is told."""
    line: int | str = "–"
    if text.format != "parquet":  # blank lines may stand before it
        lines = enumerate(_start(path, text).splitlines(), start=1)
        line = next((number for number, cells in lines if cells.strip()), 1)
    return DataError(code, path=path, column=column, line=line, count=len(names))


def _start(path: str, text: Text) -> str:
    with open(text.source or path, encoding=text.codec, newline="") as handle:  # noqa: PTH123 - a newline argument
        return handle.read(_HEADER_CHARS)


def header_of(path: str, text: Text) -> list[str]:
    start = _start(path, text)
    if "\r" in start and "\n" not in start:
        raise DataError("FW-DATA-032", path=path)
    reader = csv.reader(io.StringIO(start, newline=""), delimiter="\t" if text.format == "tsv" else ",")
    try:
        cells = next((cells for cells in reader if cells), [])
    except csv.Error:
        raise DataError("FW-DATA-027", path=path, line=1) from None
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise DataError("FW-DATA-008", path=path)
    if _looks_like_data(names):
        raise DataError("FW-DATA-010", path=path)
    check_names(path, names)
    return names


def check_names(path: str, names: list[str]) -> None:
    if len(names) > MAX_COLUMNS:
        raise DataError("FW-DATA-034", path=path, found=len(names), limit=MAX_COLUMNS)
    for position, name in enumerate(names, start=1):
        if not name:
            raise DataError("FW-DATA-012", path=path, position=position)
    if len(set(names)) < len(names):
        column = next(name for name in names if names.count(name) > 1)
        raise DataError("FW-DATA-011", path=path, column=column, count=names.count(column))


def _looks_like_data(names: list[str]) -> bool:
    """All cells are numbers, or all but one (the id) and not all of them whole."""
    numbers = [name for name in names if _is_number(name)]
    if len(numbers) == len(names):
        return True
    return len(numbers) == len(names) - 1 >= 1 and any(not name.isdigit() for name in numbers)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _csv(path: str, text: Text, names: list[str]) -> pl.DataFrame:
    source: str | io.BytesIO = text.source or path
    if text.encoding != "utf-8":
        with open(text.source or path, encoding=text.codec, newline="") as handle:  # noqa: PTH123 - a newline argument
            source = io.BytesIO(handle.read().encode())
    try:
        frame = pl.read_csv(
            source,
            separator="\t" if text.format == "tsv" else ",",
            infer_schema=False,
            new_columns=names,
            glob=False,
            raise_if_empty=False,
        )
    except (PolarsError, PanicException):  # its text quotes cells
        _refuse_ragged(path, text, len(names), None)
        raise DataError("FW-DATA-028", path=path, format=text.format.upper()) from None
    if frame.columns != names:
        raise DataError("FW-DATA-028", path=path, format=text.format.upper())
    return _without_blank_end(frame)


def _without_blank_end(frame: pl.DataFrame) -> pl.DataFrame:
    """Blank lines at the end of a file are no rows."""
    tail = frame.tail(1000)
    if frame.height == 0 or not all(tail.get_column(name)[-1] is None for name in frame.columns):
        return frame
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series().arg_true()
    return frame.head(int(filled[-1]) + 1 if len(filled) else 0)


def _refuse_ragged(path: str, text: Text, expected: int, rows: int | None) -> None:
    """Finds the first row with too many or too few cells, or the open quotation mark. Returns when there is none."""
    line = 1
    try:
        for row, (line, cells) in enumerate(records(path, text), start=1):
            if rows is not None and row > rows:
                return
            if cells and len(cells) != expected:
                params = {"row": row, "line": line, "found": len(cells), "expected": expected}
                raise DataError("FW-DATA-026", path=path, **params)
    except csv.Error:
        raise DataError("FW-DATA-027", path=path, line=line) from None


def _parquet(path: str, text: Text) -> ParquetFile:
    found = ParquetFile(path, text.source or path)
    check_names(path, found.columns)
    if found.height == 0:
        raise DataError("FW-DATA-009", path=path)
    return found


def _strippable(names: list[str]) -> bool:
    stripped = [name.strip() for name in names]
    return stripped != names and len(set(stripped)) == len(names)
