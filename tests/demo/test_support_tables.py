"""The tables that the end-to-end tests stand on are what they say."""

import numpy as np
import polars as pl
import pytest

from support.pooled import pooled_logistic, pooled_ridge
from support.tables import breast_tables, diabetes_tables


@pytest.mark.parametrize("parties", [2, 3])
def test_rows_are_shuffled_and_only_partly_in_common(tmp_path, parties):
    tables = breast_tables(tmp_path, overlap=0.8, parties=parties)
    read = [pl.read_csv(path, schema_overrides={"id": pl.String}) for path in [tables.guest, *tables.hosts]]
    held = [set(table["id"]) for table in read]
    assert set.intersection(*held) == set(tables.ids)
    assert len(tables.ids) == round(0.8 * 569)
    for one, table in zip(held, read, strict=True):
        assert len(one) == table.height > len(tables.ids)
        assert table["id"].to_list() != sorted(table["id"])
    common = [table.filter(pl.col("id").is_in(tables.ids))["id"].to_list() for table in read]
    assert common[0] != common[1]


def test_the_joined_rows_are_the_written_ones(tmp_path):
    tables = breast_tables(tmp_path)
    guest = pl.read_csv(tables.guest, schema_overrides={"id": pl.String})
    host = pl.read_csv(tables.hosts[0], schema_overrides={"id": pl.String})
    joined = guest.join(host, on="id", suffix="_h").sort("id")
    assert joined["id"].to_list() == tables.ids
    np.testing.assert_allclose(joined.drop("id", "y").to_numpy(), tables.pooled, rtol=1e-12)
    np.testing.assert_array_equal(joined["y"].to_numpy(), tables.y)


def test_the_logistic_yardstick_is_at_its_minimum(tmp_path):
    tables = breast_tables(tmp_path)
    model = pooled_logistic(tables.pooled, tables.y, alpha=0.01)
    wrong = model.probabilities(tables.pooled) - tables.y
    inside = (tables.pooled - model.mean) / model.scale
    np.testing.assert_allclose(inside.T @ wrong / len(wrong) + 0.01 * model.coefficients, 0, atol=1e-7)
    assert abs(wrong.mean()) < 1e-7


def test_the_ridge_yardstick_is_at_its_minimum(tmp_path):
    tables = diabetes_tables(tmp_path)
    model = pooled_ridge(tables.pooled, tables.y, alpha=0.01)
    wrong = model.scores(tables.pooled) - tables.y
    inside = (tables.pooled - model.mean) / model.scale
    np.testing.assert_allclose(inside.T @ wrong / len(wrong) + 0.01 * model.coefficients, 0, atol=1e-8)
