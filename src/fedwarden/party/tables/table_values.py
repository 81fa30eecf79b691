"""Cells to float64: strictly, and with the place of the first cell that is none."""

from __future__ import annotations

import polars as pl

from fedwarden.common.errors import DataError
from fedwarden.party.tables.table_ids import Line


def to_numbers(path: str, frame: pl.DataFrame, line: Line) -> pl.DataFrame:
    """Every column of ``frame`` as Float64; missing cells stay null.

    Raises DataError: FW-DATA-016 (no number), -017 (not finite), -033 (a type that holds no numbers), always for the
    first offending row, and in it the first offending column.
    """
    if not frame.columns:
        return frame
    expressions = []
    for name, dtype in frame.schema.items():
        if dtype == pl.String:
            expressions.append(pl.col(name).str.strip_chars().replace("", None))
        elif dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
            expressions.append(pl.col(name))
        else:
            raise DataError("FW-DATA-033", path=path, column=name, type=str(dtype))
    cells = frame.select(expressions)
    numbers = cells.select(pl.all().cast(pl.Float64, strict=False))
    wrong = _first(cells.null_count() != numbers.null_count(), cells, numbers, _not_cast)
    if wrong is not None:
        row, column = wrong
        raise DataError("FW-DATA-016", path=path, row=row, line=line(row), column=column)
    finite = numbers.select(pl.all().is_finite().all())
    wrong = _first(finite.select(~pl.all()), cells, numbers, _not_finite)
    if wrong is not None:
        row, column = wrong
        raise DataError("FW-DATA-017", path=path, row=row, line=line(row), column=column)
    return numbers


def _not_cast(cell: pl.Series, number: pl.Series) -> pl.Series:
    return number.is_null() & cell.is_not_null()


def _not_finite(cell: pl.Series, number: pl.Series) -> pl.Series:
    return number.is_not_null() & ~number.is_finite()


def _first(suspects: pl.DataFrame, cells: pl.DataFrame, numbers: pl.DataFrame, test: object) -> tuple[int, str] | None:
    """The first offending row (1-based) and its first offending column, among the suspected columns."""
    found: tuple[int, str] | None = None
    for name in suspects.columns:
        if not suspects.get_column(name)[0]:
            continue
        rows = test(cells.get_column(name), numbers.get_column(name)).arg_true()  # type: ignore[operator]
        if len(rows) and (found is None or int(rows[0]) + 1 < found[0]):
            found = int(rows[0]) + 1, name
    return found


def missing_cells(numbers: pl.DataFrame) -> dict[str, int]:
    """Missing cells per column, columns without any left out."""
    return {name: count for name in numbers.columns if (count := numbers.get_column(name).null_count())}


def first_missing(numbers: pl.DataFrame) -> tuple[int, str]:
    found = {name: int(numbers.get_column(name).is_null().arg_true()[0]) + 1 for name in missing_cells(numbers)}
    column = min(found, key=lambda name: found[name])
    return found[column], column
