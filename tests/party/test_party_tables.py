"""Odd tables: each is read as its owner meant it, or refused with the row, the column and the way out."""

import os
import unicodedata
from csv import writer
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedwarden.common.api import Dataset, DatasetRequest
from fedwarden.common.errors import DataError
from fedwarden.party.home import Home
from fedwarden.party.tables import table_check
from fedwarden.party.tables.datasets import DatasetRegistry
from fedwarden.party.tables.own_table import load_table
from fedwarden.party.tables.table_check import read_table


class Whole(NamedTuple):
    dataset: Dataset
    ids: pl.Series
    features: pl.DataFrame
    label: pl.Series | None


def read_whole(request: DatasetRequest, home: Path | None = None) -> Whole:
    """A table with all its features, in whatever groups they came."""
    groups: list[pl.DataFrame] = []
    dataset, ids, label = read_table(request, home, groups.append)
    return Whole(dataset, ids, pl.concat(groups, how="horizontal"), label)


def table(path, content, **asked):
    """Writes ``content`` and reads it as a host's table, or as a guest's when a label is named."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    role = "guest" if asked.get("label") else "host1"
    return read_whole(DatasetRequest(**{"project": "p", "role": role, "path": str(path), **asked}))


def refused(path, content, **asked) -> DataError:
    with pytest.raises(DataError) as caught:
        table(path, content, **asked)
    for lang in ("en", "zh"):
        assert "{" not in caught.value.message(lang) + caught.value.fix(lang), caught.value.params
    return caught.value


@pytest.fixture
def csv(tmp_path):
    return tmp_path / "t.csv"


def test_a_plain_table_is_what_it_says(csv):
    read = table(csv, "id,y,a,b\n7,0,1.5,-2\n8,1,3e2,+.5\n", label="y", binary=True)
    assert read.dataset.features == ["a", "b"] and read.dataset.rows == 2 and read.dataset.label_kind == "01"
    assert read.ids.to_list() == ["7", "8"]
    assert read.features.rows() == [(1.5, -2.0), (300.0, 0.5)]
    assert read.label.to_list() == [0.0, 1.0]
    assert read.dataset.notices == []


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("tail", ["", "\n", "\n\n\n"])
def test_bom_crlf_and_blank_ends_do_not_matter(csv, ends, bom, tail):
    text = ends.join(["id,a", "001,1", "002,2"]) + tail.replace("\n", ends)
    read = table(csv, bom + text.encode())
    assert read.dataset.features == ["a"] and read.ids.to_list() == ["001", "002"] and read.dataset.id_column == "id"


def test_ids_stay_text(csv):
    ids = ["110101199001011234", "11010119900101123X", "007", "7", "1e5"]
    read = table(csv, "id,a\n" + "".join(f"{one},1\n" for one in ids))
    assert read.ids.to_list() == ids


def test_ids_are_stripped_and_composed(csv):
    read = table(csv, "id,a\n e\u0301 ,1\n")
    assert read.ids.to_list() == [unicodedata.normalize("NFC", "e\u0301")]
    assert refused(csv, "id,a\ne\u0301,1\n\u00e9,2\n").code == "FW-DATA-020"


def test_tabs_other_id_columns_and_other_file_endings(tmp_path):
    assert table(tmp_path / "t.tsv", "a\tkey\n1\tx,1\n2\tz\n", id_column="key").ids.to_list() == ["x,1", "z"]
    assert table(tmp_path / "t.dat", "id\ta\nx\t1\n").dataset.format == "tsv"


def test_chinese_names_paths_spaces_and_wildcards(tmp_path):
    path = tmp_path / "客户 数据 [2026]*.csv"
    read = table(path, "身份证号,年龄,余 额\n001,30,1.5\n")
    assert read.dataset.features == ["年龄", "余 额"] and read.dataset.path == str(path)


def test_gb18030_is_detected_with_a_notice_or_read_when_named(csv):
    content = "编号,年龄\n甲,30\n".encode("gb18030")
    detected = table(csv, content)
    assert detected.dataset.features == ["年龄"] and detected.dataset.encoding == "gb18030"
    assert [notice.code for notice in detected.dataset.notices] == ["FW-DATA-101"]
    for name in ("gb18030", "GBK", "gb2312"):
        named = table(csv, content, encoding=name)
        assert named.dataset.features == ["年龄"] and named.dataset.notices == []


def test_utf16_from_a_spreadsheet_is_read(csv):
    assert table(csv, "编号,年龄\n甲,30\n".encode("utf-16")).dataset.features == ["年龄"]


def test_quotes_hold_separators_line_ends_and_quotes(csv):
    read = table(csv, 'id,"a,b"\n"x\ny",1\n"q""r",2\n')
    assert read.dataset.features == ["a,b"] and read.ids.to_list() == ["x\ny", 'q"r']


@pytest.mark.parametrize(
    ("content", "code", "params"),
    [
        (b"", "FW-DATA-008", {}),
        (b"\n\n", "FW-DATA-008", {}),
        ("id,a\n", "FW-DATA-009", {}),
        ("id,a", "FW-DATA-009", {}),
        ("1,2\n3,4\n", "FW-DATA-010", {}),
        ("11010119900101123X,0.5,1\n11010119900101124X,0.7,1\n", "FW-DATA-010", {}),
        ("id,a,a\n1,2,3\n", "FW-DATA-011", {"column": "a", "count": 2}),
        ("id,a,\n1,2,\n", "FW-DATA-012", {"position": 3}),
        ("id\n1\n", "FW-DATA-015", {}),
        ("id;a\n1;2\n", "FW-DATA-015", {}),
        ("id,a,b\n1,2,3\n2,x,3\n3,4,y\n", "FW-DATA-016", {"row": 2, "line": 3, "column": "a"}),
        ("id,a,b\n1,2,3\n2,2,y\n3,x,4\n", "FW-DATA-016", {"row": 2, "line": 3, "column": "b"}),
        ('id,a\n1,2\n2,"1,000"\n', "FW-DATA-016", {"row": 2}),
        ("id,a\n1,2\n2,1_000\n", "FW-DATA-016", {"row": 2}),
        ("id,a\n1,NA\n", "FW-DATA-016", {"row": 1}),
        ('id,a\n"x\ny",1\n2,bad\n', "FW-DATA-016", {"row": 2, "line": 4}),
        ("id,a\n1,2\n2,NaN\n", "FW-DATA-017", {"row": 2, "line": 3, "column": "a"}),
        ("id,a\n1,-inf\n", "FW-DATA-017", {"row": 1}),
        ("id,a\n1,1e999\n", "FW-DATA-017", {"row": 1}),
        ("id,a,b\n1,2,\n2,,\n", "FW-DATA-018", {"row": 1, "line": 2, "column": "b", "counts": ["a: 1", "b: 2"]}),
        ("id,a\n1,2\n,3\n", "FW-DATA-019", {"row": 2, "line": 3}),
        ("id,a\n1,2\n\n3,4\n", "FW-DATA-019", {"row": 2, "line": 3}),
        (
            "id,a\n1001,1\n1002,1\n1001,1\n1002,1\n1001,1\n1001,1\n",
            "FW-DATA-020",
            {"count": 4, "first": ["**01 (row 3)", "**02 (row 4)", "**01 (row 5)"]},
        ),
        ("id,a\n1001,1\n1.1E+17,1\n", "FW-DATA-021", {"row": 2, "line": 3}),
        ("id,a\n1,2,3\n", "FW-DATA-026", {"row": 1, "line": 2, "found": 3, "expected": 2}),
        ("id,a,b\n1,2,3\n2,3\n", "FW-DATA-026", {"row": 2, "line": 3, "found": 2, "expected": 3}),
        ('id,a\n1,"2\n2,3\n', "FW-DATA-027", {}),
        (b"id,a\n1,\xff\xff\n", "FW-DATA-030", {}),
        (b"PK\x03\x04rest of a workbook", "FW-DATA-031", {}),
        (b"id,a\n1,\x00\n", "FW-DATA-031", {}),
        ("id,a\r1,2\r3,4\r", "FW-DATA-032", {}),
    ],
)
def test_what_is_wrong_is_named_with_its_place(csv, content, code, params):
    error = refused(csv, content)
    assert error.code == code, error
    assert {name: error.params[name] for name in params} == params


@pytest.mark.parametrize(
    ("content", "asked", "code"),
    [
        ("id,a\n1,2\n", {"label": "y"}, "FW-DATA-014"),
        ("id,y\n1,2\n", {"label": "id"}, "FW-DATA-037"),
        ("id,y\n1,0\n2,2\n3,1\n", {"label": "y", "binary": True}, "FW-DATA-024"),
        ("id,y\n1,1\n2,1\n", {"label": "y", "binary": True}, "FW-DATA-025"),
        ("id,y\n1,0.5\n2,0.5\n", {"label": "y"}, "FW-DATA-025"),
        ("id,y\n1,0\n2,\n3,1\n", {"label": "y", "missing": "mean"}, "FW-DATA-023"),
        ("id,y\n1,0\n2,yes\n", {"label": "y"}, "FW-DATA-016"),
        ("id,a\n1,0\n", {"role": "guest"}, "FW-DATA-035"),
        ("id,a\n1,0\n", {"role": "arbiter"}, "FW-DATA-036"),
        ("id,a\n1,0\n", {"id_column": "key"}, "FW-DATA-013"),
        ("id,a\n1,0\n", {"encoding": "rot13"}, "FW-DATA-029"),
        (b"id,a\n\xff\xff,0\n", {"encoding": "big5"}, "FW-DATA-030"),
    ],
)
def test_columns_labels_and_options_are_checked(csv, content, asked, code):
    assert refused(csv, content, **asked).code == code


def test_minus_one_and_one_are_labels_with_a_notice(csv):
    read = table(csv, "id,y\n1,-1\n2,1\n", label="y", binary=True)
    assert read.dataset.label_kind == "-11" and read.dataset.features == []
    assert [notice.code for notice in read.dataset.notices] == ["FW-DATA-102"]


def test_a_hosts_label_like_column_is_told(csv):
    assert [notice.code for notice in table(csv, "id,Y,a\n1,0,2\n").dataset.notices] == ["FW-DATA-103"]


def test_no_message_shows_a_cell_or_a_whole_id(csv):
    secret = "7319.secret"
    error = refused(csv, f"{secret},0\n8.5,1\n".replace("7319.", "p7319"), id_column="id")  # no header
    assert (error.code, error.params["line"], error.params["count"]) == ("FW-DATA-013", 1, 2)
    assert "p7319secret" not in str(error.params) + error.message("en") + error.message("zh")
    error = refused(csv, "\np7319secret,x\n8.5,1\n", label="y")
    assert (error.code, error.params["line"], error.params["count"]) == ("FW-DATA-014", 2, 2)
    assert "p7319secret" not in str(error.params) + error.message("en") + error.message("zh")
    for content in (f"id,a\n1,{secret}\n", f"id,a\n{secret},1\n{secret},2\n", f"id,a\n1,{secret},3\n"):
        error = refused(csv, content)
        assert secret not in str(error.params) + error.message("en") + error.message("zh")


def test_paths_that_are_no_table_have_their_own_words(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "key.pem").write_text("x")
    for path, code in (
        ("data.csv", "FW-DATA-001"),
        (str(tmp_path / "none.csv"), "FW-DATA-002"),
        ("/etc/passwd/x.csv", "FW-DATA-002"),
        (str(tmp_path), "FW-DATA-003"),
        (str(tmp_path / "pipe"), "FW-DATA-004"),
        ("/dev/null", "FW-DATA-004"),
        (str(tmp_path / "agent" / "key.pem"), "FW-DATA-007"),
    ):
        with pytest.raises(DataError) as caught:
            read_whole(DatasetRequest(project="p", role="host1", path=path), tmp_path / "agent")
        assert caught.value.code == code, path


def test_an_unreadable_file_names_the_user(csv):
    csv.write_text("id,a\n1,2\n")
    csv.chmod(0)
    root = os.geteuid() == 0
    if root:  # root may read everything, so the look is taken as nobody
        os.seteuid(65534)
    try:
        error = refused_as_is(csv)
    finally:
        if root:
            os.seteuid(0)
    assert error.code == "FW-DATA-005" and error.params["user"]


def test_parquet_ids_become_text_and_floats_are_refused_as_ids(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"id": [110101199001011234, 7], "a": [1, 2], "b": [True, False]}).write_parquet(path)
    read = read_whole(DatasetRequest(project="p", role="host1", path=str(path)))
    assert read.ids.to_list() == ["110101199001011234", "7"] and read.features.rows() == [(1.0, 1.0), (2.0, 0.0)]
    pl.DataFrame({"id": [1.0, 2.0], "a": [1, 2]}).write_parquet(path)
    assert refused_as_is(path).code == "FW-DATA-022"
    pl.DataFrame({"id": ["1"], "a": [[1, 2]]}).write_parquet(path)
    assert refused_as_is(path).code == "FW-DATA-033"
    pl.DataFrame({"id": ["1", "2"], "a": [None, 1.0]}).write_parquet(path)
    assert refused_as_is(path).code == "FW-DATA-018"
    path.write_bytes(b"PAR1 broken")
    assert refused_as_is(path).code == "FW-DATA-028"


def refused_as_is(path) -> DataError:
    with pytest.raises(DataError) as caught:
        read_whole(DatasetRequest(project="p", role="host1", path=str(path)))
    return caught.value


def test_missing_cells_stay_nan_for_the_worker_where_asked(csv, tmp_path):
    csv.write_text("id,y,a,b\n1,0,,2\n2,1,3,4\n")
    home = tmp_path / "home"
    registry = DatasetRegistry(Home(home))
    request = DatasetRequest(project="p", role="guest", path=str(csv), label="y", missing="mean")
    dataset = registry.register(request)
    assert dataset.missing_cells == {"a": 1}
    read = load_table(home, dataset)
    assert read.features.flags.c_contiguous and read.features.dtype == np.float64
    np.testing.assert_array_equal(read.features, [[np.nan, 2], [3, 4]])
    np.testing.assert_array_equal(read.binary_label(), [0, 1])
    csv.write_text("id,y,a,b\n1,0,,2\n2,1,3,5\n")
    for look in (lambda: load_table(home, dataset), lambda: registry.verify(dataset.dataset_id)):
        with pytest.raises(DataError) as caught:
            look()
        assert caught.value.code == "FW-DATA-042"


def test_touching_a_file_is_no_change(csv, tmp_path):
    csv.write_text("id,a\n1,0\n")
    registry = DatasetRegistry(Home(tmp_path / "home"))
    dataset = registry.register(DatasetRequest(project="p", role="host1", path=str(csv)))
    os.utime(csv, ns=(1, 1))
    assert registry.verify(dataset.dataset_id) == dataset


def composed(sample_id: str) -> str:
    return unicodedata.normalize("NFC", sample_id)


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(names, min_size=1, max_size=12, unique_by=lambda x: unicodedata.normalize("NFC", x)), data=st.data()
)
def test_any_numbers_and_ids_come_back_as_they_were_written(csv, ids, data):
    rows = [[data.draw(numbers), data.draw(numbers)] for _ in ids]
    with csv.open("w", newline="", encoding="utf-8") as handle:
        out = writer(handle)
        out.writerow(["id", "a", "b"])
        out.writerows([one, *map(repr, row)] for one, row in zip(ids, rows, strict=True))
    read = read_whole(DatasetRequest(project="p", role="host1", path=str(csv)))
    assert read.ids.to_list() == [unicodedata.normalize("NFC", one) for one in ids]
    assert [list(row) for row in read.features.rows()] == rows


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=200), st.text('id,a\n\r"\t1.e-é', max_size=80).map(str.encode)))
def test_no_file_whatever_ends_in_anything_but_a_table_or_a_data_error(csv, content):
    csv.write_bytes(content)
    try:
        read = read_whole(DatasetRequest(project="p", role="host1", path=str(csv)))
    except DataError:
        return
    assert read.dataset.rows == read.ids.len() == read.features.height


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_is_read_is_the_file_that_was_opened_wherever_its_path_leads_then(tmp_path, monkeypatch, suffix):
    for name in ("mine", "other"):
        frame = pl.DataFrame({"id": ["a", "b"], name: [1.0, 2.0]})
        getattr(frame, f"write_{suffix}")(tmp_path / f"{name}.{suffix}")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / f"mine.{suffix}")
    look = table_check.examine

    def moved(*words):
        link.unlink()
        link.symlink_to(tmp_path / f"other.{suffix}")
        return look(*words)

    monkeypatch.setattr(table_check, "examine", moved)
    seen = []
    request = DatasetRequest(project="p", role="host1", path=str(link))
    with pytest.raises(DataError) as caught:
        table_check.read_table(request, keep=lambda numbers: seen.extend(numbers.columns))
    assert (seen, caught.value.code) == (["mine"], "FW-DATA-043")
