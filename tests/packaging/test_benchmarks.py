"""The benchmark harness: its sizes, its plaintext side and its file of results."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def harness(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("cases"), importlib.import_module("run")
    for name in ("cases", "run", "world"):
        sys.modules.pop(name, None)


def test_a_case_says_its_size(harness):
    cases, _ = harness
    case = cases.parse("lr-30000x23")
    assert (case.rows, case.columns, case.guest_columns, case.algorithm) == (30_000, 23, 13, "hetero_lr")
    assert cases.parse("linr-1000x9").guest_columns == 4
    assert cases.parse("lr-30000x24-3hosts").cuts == [6, 12, 18]
    assert all(cases.parse(name).name == name for name in cases.DEFAULT + cases.QUICK)
    for wrong in ("lr-30000", "svm-100x10", "lr-5x10", "lr-1000x1", "lr-1000x3-3hosts", "lr-1000x30-6hosts"):
        with pytest.raises(ValueError, match="no case"):
            cases.parse(wrong)


@pytest.mark.parametrize("name", ["lr-500x7", "linr-500x7"])
def test_tables_hold_the_generated_rows_in_two_orders(harness, tmp_path, name):
    cases, _ = harness
    case = cases.parse(name)
    features, label = cases.generate(case)
    again, _ = cases.generate(case)
    assert np.array_equal(features, again)
    guest, host = (pl.read_parquet(path) for path in cases.write(case, features, label, tmp_path))
    assert guest["id"].to_list() != host["id"].to_list()
    joined = guest.join(host, on="id", suffix="_host").sort("id")
    np.testing.assert_array_equal(joined["y"].to_numpy(), label)
    np.testing.assert_array_equal(joined.drop("id", "y").to_numpy(), features)


def test_the_plaintext_side_is_measured(harness):
    cases, _ = harness
    for name in ("lr-1000x10", "linr-1000x10"):
        case = cases.parse(name)
        assert 0 < cases.plaintext_seconds(case, *cases.generate(case)) < 1


def test_a_row_replaces_the_row_of_its_case_and_series(harness, tmp_path):
    _, run = harness
    path = tmp_path / "results.json"
    for case, series, seconds in (("b", "32,14", 1.0), ("a", "32,14", 2.0), ("b", "64,28", 3.0), ("b", "32,14", 4.0)):
        run.store({"case": case, "series": series, "seconds_per_iteration": seconds}, path)
    rows = [(row["case"], row["series"], row["seconds_per_iteration"]) for row in json.loads(path.read_text())]
    assert rows == [("a", "32,14", 2.0), ("b", "32,14", 4.0), ("b", "64,28", 3.0)]


def test_the_slowest_data_role_counts(harness):
    cases, run = harness
    records = {
        "guest": {"result": {"iteration_seconds": {"median": 0.01}}, "phases": [{"name": "train", "seconds": 2.5}]},
        "host1": {"result": {"iteration_seconds": {"median": 0.02}}},
        "arbiter": {"result": {}},
    }
    assert run.iteration_seconds(cases.parse("lr-1000x10"), records) == 0.02
    assert run.iteration_seconds(cases.parse("linr-1000x10"), records) == 2.5
    with pytest.raises(Exception, match="no role reported"):
        run.iteration_seconds(cases.parse("lr-1000x10"), {"guest": {"result": {}}})


def test_stored_rows_have_every_promised_field():
    path = ROOT / "benchmarks/results.json"
    if not path.exists():
        pytest.skip("no results yet: make bench writes them")
    wanted = {
        "case",
        "series",
        "seconds_per_iteration",
        "plaintext_seconds",
        "ratio",
        "links",
        "peak_memory_mb",
        "date",
        "cpus",
    }
    for row in json.loads(path.read_text()):
        assert wanted <= set(row)
        assert row["ratio"] == pytest.approx(row["seconds_per_iteration"] / row["plaintext_seconds"])
