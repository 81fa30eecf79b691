"""Rows for predictions: found by their ids, exact, from CSV and Parquet, without the table in memory."""

import numpy as np
import polars as pl
import pytest

from fedwarden.common.api import DatasetRequest
from fedwarden.common.errors import DataError, StateError
from fedwarden.party.tables import row_store
from fedwarden.party.tables.row_store import RowStore
from fedwarden.party.tables.table_check import check_table

ROWS = 3000


@pytest.fixture(scope="module")
def frame():
    numbers = np.random.default_rng(3).normal(size=(ROWS, 5)) * 1e9
    names = [f"x{k}" for k in range(5)]
    made = pl.DataFrame({"id": [f"p{k * 7:06d}" for k in range(ROWS)], **dict(zip(names, numbers.T, strict=True))})
    return made.with_columns(pl.when(pl.col("id") == "p000007").then(None).otherwise(pl.col("x1")).alias("x1"))


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "blank end", "utf-16"])
def test_every_row_is_found_as_it_stands_in_the_table(tmp_path, frame, kind):
    path = tmp_path / f"t.{ {'blank end': 'csv', 'utf-16': 'csv'}.get(kind, kind) }"
    if kind == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator="\t" if kind == "tsv" else ",")
    if kind == "blank end":
        path.write_text(path.read_text() + "\n\n")
    if kind == "utf-16":
        path.write_bytes(path.read_text().encode("utf-16"))
    home = tmp_path / "home"
    home.mkdir()
    store = RowStore(home, check_table(DatasetRequest(project="p", role="host1", path=str(path), missing="mean")))
    for place in (0, 1, 2, ROWS - 1):
        row = frame.row(place)
        found = store.row(row[0])
        expected = [np.nan if cell is None else cell for cell in row[1:]]
        np.testing.assert_array_equal(found, expected)
    assert store.row("p000001") is None and store.row("") is None
    assert list(home.iterdir()) == [], "its numbers are in a file without a name"


def test_another_content_and_a_folder_without_room_are_refused(tmp_path, frame, monkeypatch):
    path = tmp_path / "t.csv"
    frame.write_csv(path)
    home = tmp_path / "home"
    home.mkdir()
    dataset = check_table(DatasetRequest(project="p", role="host1", path=str(path), missing="mean"))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(row_store.os, "pwrite", full)
        with pytest.raises(StateError) as refusal:
            RowStore(home, dataset)
    assert refusal.value.code == "FW-STATE-710" and refusal.value.params["where"] == str(home)
    path.write_text(path.read_text().replace("p000014", "p000015"))
    with pytest.raises(DataError) as refusal:
        RowStore(home, dataset)
    assert refusal.value.code == "FW-DATA-042"
