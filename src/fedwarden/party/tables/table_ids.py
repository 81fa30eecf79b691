"""The id column: text always, whole, unique, and not what a spreadsheet makes of long numbers."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from fedwarden.common.api import Notice
from fedwarden.common.errors import DataError

_SPREADSHEET = r"^[+-]?[0-9](\.[0-9]+)?[eE]\+[0-9]{2,3}$"
Line = Callable[[int], int | str]


def read_ids(path: str, column: pl.Series, line: Line) -> tuple[pl.Series, list[Notice]]:
    """The ids as normalised text (the rule of ``sample_id``), in the table's order.

    Raises DataError: FW-DATA-019 missing, -020 duplicates, -021 spreadsheet form, -022 a type that is no id's.
    """
    name = column.name
    if column.dtype.is_integer() or column.dtype in (pl.String, pl.Categorical, pl.Enum):
        ids = column.cast(pl.String)
    else:
        raise DataError("FW-DATA-022", path=path, column=name, type=str(column.dtype))
    if bool((ids.str.len_bytes() != ids.str.len_chars()).any()):
        ids = ids.str.normalize("NFC")
    ids = ids.str.strip_chars()
    missing = (ids.is_null() | (ids == "")).arg_true()
    if len(missing):
        row = int(missing[0]) + 1
        raise DataError("FW-DATA-019", path=path, column=name, row=row, line=line(row))
    rounded = ids.str.contains(_SPREADSHEET).arg_true()
    if len(rounded):
        row = int(rounded[0]) + 1
        raise DataError("FW-DATA-021", path=path, column=name, row=row, line=line(row))
    _refuse_duplicates(path, ids)
    notices = []
    if bool(ids.str.contains(r"^[0-9]+\.0$").all()):
        notices.append(Notice("FW-DATA-105", {"column": name}))
    return ids, notices


def _refuse_duplicates(path: str, ids: pl.Series) -> None:
    if ids.n_unique() == ids.len():
        return
    again = (~ids.is_first_distinct()).arg_true()
    first = [f"{mask(str(ids[int(row)]))} (row {int(row) + 1})" for row in again[:3]]
    raise DataError("FW-DATA-020", path=path, count=len(again), first=first)


def mask(sample_id: str) -> str:
    """All but the last two characters hidden: enough to find the row, not to tell whose it is."""
    return "*" * max(0, len(sample_id) - 2) + sample_id[-2:] if len(sample_id) > 2 else "**"
