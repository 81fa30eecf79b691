"""A CSV or TSV table as a Parquet file, which can be read by columns: in a fixed amount of memory, on its party's own
machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

from fedwarden.common.errors import DataError
from fedwarden.party.tables.table_file import open_table
from fedwarden.party.tables.table_read import header_of, no_column
from fedwarden.party.tables.table_text import examine

_GROUP_ROWS = 50_000


def convert(source: Path, target: Path, id_column: str | None = None) -> dict[str, Any]:
    """Writes ``target`` (0600, whole or not at all): ids as text, a column of numbers as numbers, any other as it
    stands, so that the upload can say what is wrong with it.

    Raises DataError: what :func:`open_table`, :func:`examine` and :func:`header_of` say, FW-DATA-420 (no UTF-8 text, or
    no CSV), -421 (``target`` exists), -013 (no such id column).
    """
    path = str(source.absolute())
    with open_table(path) as handle:
        text = examine(handle, path, None)
    if text.format == "parquet" or text.encoding != "utf-8":
        raise DataError("FW-DATA-420", path=path, why=f"{text.format}, {text.encoding or 'Parquet'}")
    names = header_of(path, text)
    key = names[0] if id_column is None else id_column
    if key not in names:
        raise no_column("FW-DATA-013", path, text, key, names)
    if target.exists():
        raise DataError("FW-DATA-421", path=str(target))
    separator = "\t" if text.format == "tsv" else ","
    lazy = pl.scan_csv(path, separator=separator, infer_schema=False, new_columns=names, glob=False)
    lazy = lazy.filter(pl.any_horizontal(pl.all().is_not_null()))  # an empty line is no row
    cells = {name: pl.col(name).str.strip_chars().replace("", None) for name in names if name != key}
    try:
        other = [
            (cell.is_not_null() & cell.cast(pl.Float64, strict=False).is_null()).any().alias(name)
            for name, cell in cells.items()
        ]
        words = lazy.select(other).collect(engine="streaming") if other else pl.DataFrame()
        numbers = [cells[name].cast(pl.Float64) for name in words.columns if not words.get_column(name)[0]]
        descriptor, unfinished = tempfile.mkstemp(prefix=".convert-", dir=target.absolute().parent)
        os.close(descriptor)
        try:
            lazy.with_columns(numbers).sink_parquet(unfinished, row_group_size=_GROUP_ROWS)
            Path(unfinished).replace(target)
        finally:
            Path(unfinished).unlink(missing_ok=True)
        rows = pl.scan_parquet(target, glob=False).select(pl.len()).collect().item()
    except (PolarsError, PanicException):  # its text quotes cells
        raise DataError("FW-DATA-420", path=path, why=text.format.upper()) from None
    return {"path": str(target.absolute()), "rows": int(rows), "columns": len(names), "numbers": len(numbers)}
