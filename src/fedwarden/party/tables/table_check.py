"""A party's table, read and checked in place: what is registered of it, and its numbers for this party's own use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from fedwarden.common.api import Dataset, DatasetRequest, Notice
from fedwarden.common.errors import DataError
from fedwarden.party.home import check_role
from fedwarden.party.tables.table_file import Allowed, open_table
from fedwarden.party.tables.table_ids import Line, read_ids
from fedwarden.party.tables.table_read import Source, groups, line_of, no_column, read_columns
from fedwarden.party.tables.table_text import Text, examine
from fedwarden.party.tables.table_values import first_missing, missing_cells, to_numbers

LabelKind = Literal["none", "01", "-11", "number"]
_LABEL_NAMES = {"y", "label", "target"}
Keep = Callable[[pl.DataFrame], None]


class Checked(NamedTuple):
    """``ids`` String; ``label`` Float64 or None. The features went to whoever asked for them."""

    dataset: Dataset
    ids: pl.Series
    label: pl.Series | None


def ignore(numbers: pl.DataFrame) -> None:
    """A check keeps no cell."""


def check_table(request: DatasetRequest, home: Path | None = None, allowed: Allowed | None = None) -> Dataset:
    """What would be registered, with an empty id. Raises DataError, FW-DATA-001 … -043."""
    return read_table(request, home, allowed=allowed).dataset


def read_table(
    request: DatasetRequest, home: Path | None = None, keep: Keep = ignore, allowed: Allowed | None = None
) -> Checked:
    """Reads and checks everything. ``home``: the agent's own folder, where no table may be; ``allowed``: see
    ``open_table``. ``keep`` is given the feature columns, Float64 with nulls where cells are missing: all at once, or
    from Parquet in groups."""
    if check_role(request.role) == "arbiter":
        raise DataError("FW-DATA-036", role=request.role)
    path = request.path
    with open_table(path, home, allowed) as handle:
        before = os.fstat(handle.fileno())
        text = examine(handle, path, request.encoding)._replace(source=f"/proc/self/fd/{handle.fileno()}")
        checked = _check(request, text, read_columns(path, text), before, keep)
        after = Path(path).stat()
        if _mark(before) != _mark(after):
            raise DataError("FW-DATA-043", path=path)
    return checked


def _mark(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _check(request: DatasetRequest, text: Text, frame: Source, stat: os.stat_result, keep: Keep) -> Checked:
    path = request.path

    def line(row: int) -> int | str:
        return line_of(path, text, row)

    id_column, label, features = _columns(request, text, frame.columns)
    ids, notices = read_ids(path, frame.select([id_column]).get_column(id_column), line)
    labels, kind = None, "none"
    missing: dict[str, int] = {}
    gap: tuple[int, str] | None = None  # the first missing cell
    for group in groups(frame, [name for name in frame.columns if name != id_column]):
        numbers = to_numbers(path, frame.select(group), line)
        if label in group:
            labels = numbers.get_column(label)
        values = numbers.select([name for name in group if name != label])
        if found_missing := missing_cells(values):
            missing.update(found_missing)
            here = first_missing(values)
            gap = here if gap is None or here[0] < gap[0] else gap
        keep(values)
    if label is not None:
        assert labels is not None
        kind = _label_kind(path, labels, request.binary, line)
        if kind == "-11":
            notices.append(Notice("FW-DATA-102", {"column": label}))
    if gap is not None:
        counts = [f"{name}: {count}" for name, count in missing.items()][:20]
        if request.missing == "refuse":
            row, column = gap
            raise DataError("FW-DATA-018", path=path, row=row, line=line(row), column=column, counts=counts)
        notices.append(Notice("FW-DATA-104", {"path": path, "counts": counts}))
    if label is None:
        suspects = _LABEL_NAMES | ({request.label.lower()} if request.label else set())
        found = [name for name in features if name.lower() in suspects]
        notices += [Notice("FW-DATA-103", {"path": path, "column": name}) for name in found]
    dataset = Dataset(
        dataset_id="",
        project=request.project,
        role=request.role,
        path=path,
        format=text.format,
        encoding=text.encoding,
        id_column=id_column,
        label=label,
        features=features,
        rows=frame.height,
        sha256=text.sha256,
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        missing=request.missing,
        missing_cells=missing,
        label_kind=kind,  # type: ignore[arg-type]
        notices=[*text.notices, *notices],
    )
    return Checked(dataset, ids, labels)


def _columns(request: DatasetRequest, text: Text, names: list[str]) -> tuple[str, str | None, list[str]]:
    """Id column, label column (the guest's only), features in the table's order."""
    path = request.path
    id_column = names[0] if request.id_column is None else request.id_column.strip()
    if id_column not in names:
        raise no_column("FW-DATA-013", path, text, id_column, names)
    label = None
    if request.role == "guest":
        if not request.label:
            raise DataError("FW-DATA-035", path=path)
        label = request.label.strip()
        if label == id_column:
            raise DataError("FW-DATA-037", path=path, column=label)
        if label not in names:
            raise no_column("FW-DATA-014", path, text, label, names)
    features = [name for name in names if name not in (id_column, label)]
    if not features and label is None:
        separator = {"csv": "comma", "tsv": "tab"}.get(text.format, "none")
        raise DataError("FW-DATA-015", path=path, separator=separator)
    return id_column, label, features


def _label_kind(path: str, labels: pl.Series, binary: bool, line: Line) -> LabelKind:
    """Raises DataError: FW-DATA-023 missing, -024 neither 0 nor 1 where ``binary``, -025 one value only."""
    column = labels.name
    if labels.null_count():
        row = int(labels.is_null().arg_true()[0]) + 1
        raise DataError("FW-DATA-023", path=path, column=column, row=row, line=line(row))
    values = set(labels.unique()[:3].to_list()) if labels.n_unique() <= 2 else {0.0, 1.0, -1.0}
    if len(values) == 1:
        raise DataError("FW-DATA-025", path=path, column=column, rows=labels.len())
    if values == {0.0, 1.0}:
        return "01"
    if values == {-1.0, 1.0}:
        return "-11"
    if binary:
        wrong = (~labels.is_in([0.0, 1.0])).arg_true()
        row = int(wrong[0]) + 1
        raise DataError("FW-DATA-024", path=path, column=column, row=row, line=line(row))
    return "number"
