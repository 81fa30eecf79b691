"""A text table becomes Parquet with the same content, or nothing is written."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fedwarden.common.api import DatasetRequest
from fedwarden.common.errors import DataError
from fedwarden.party.tables.convert import convert
from fedwarden.party.tables.table_check import read_table


def content(path: Path) -> tuple[list, dict[str, list], list]:
    groups: list[pl.DataFrame] = []
    request = DatasetRequest(project="p", role="guest", path=str(path), label="y", missing="mean", id_column="编号")
    checked = read_table(request, None, groups.append)
    cells = {name: group.get_column(name).to_list() for group in groups for name in group.columns}
    return checked.ids.to_list(), cells, checked.label.to_list()


@pytest.mark.parametrize(("suffix", "separator"), [("csv", ","), ("tsv", "\t")])
def test_the_content_is_the_same_and_ids_stay_text(tmp_path: Path, suffix: str, separator: str) -> None:
    source, target = tmp_path / f"t.{suffix}", tmp_path / "t.parquet"
    rng = np.random.default_rng(3)
    rows = [f"{row:018d},{row % 2}, {rng.normal():.17g} ,{'' if row % 7 == 0 else row * 1e300}" for row in range(60)]
    source.write_text("\n".join(["编号,y, a ,b", *rows]).replace(",", separator) + "\n\n", encoding="utf-8")
    told = convert(source, target, "编号")
    assert told == {"path": str(target), "rows": 60, "columns": 4, "numbers": 3}
    assert target.stat().st_mode & 0o777 == 0o600
    schema = pl.read_parquet_schema(target)
    assert schema["编号"] == pl.String and schema["b"] == pl.Float64
    assert content(target) == content(source)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("id,a\n1,2,3\n", "FW-DATA-420"),
        ("1,2\n3,4\n", "FW-DATA-010"),
        ("id,a,a\n1,2,3\n", "FW-DATA-011"),
        ("id,甲\n1,2\n".encode("gb18030"), "FW-DATA-420"),
    ],
)
def test_what_cannot_be_converted_is_refused_and_leaves_nothing(tmp_path: Path, text: str | bytes, code: str) -> None:
    source = tmp_path / "t.csv"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as refused:
        convert(source, tmp_path / "t.parquet")
    assert refused.value.code == code
    assert list(tmp_path.iterdir()) == [source]


def test_nothing_is_overwritten_and_an_id_column_must_be_there(tmp_path: Path) -> None:
    source, target = tmp_path / "t.csv", tmp_path / "t.parquet"
    source.write_text("id,a\nx,2\n")
    target.write_text("kept")
    with pytest.raises(DataError, match="FW-DATA-421"):
        convert(source, target)
    with pytest.raises(DataError, match="FW-DATA-013"):
        convert(source, tmp_path / "other.parquet", "nobody")
    assert target.read_text() == "kept"
