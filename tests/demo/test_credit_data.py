"""The data set in the package: complete, small, and cut into the two tables the demo promises."""

from importlib.resources import files

import polars as pl
import pytest

from fedwarden.data import BANK_FEATURES, PARTNER_FEATURES, credit_table, credit_tables, write_credit_tables


def test_the_table_is_complete():
    table = credit_table()
    assert table.shape == (30_000, 24)
    assert table["default.payment.next.month"].sum() == 6_636
    assert set(BANK_FEATURES) | set(PARTNER_FEATURES) == set(table.columns) - {"default.payment.next.month"}
    assert len(BANK_FEATURES) == 13
    assert len(PARTNER_FEATURES) == 10
    # column sums of the source, added up from its file
    assert table["LIMIT_BAL"].sum() == 5_024_529_680
    assert table["BILL_AMT3"].sum() == 1_410_394_644
    assert table["PAY_AMT6"].sum() == 156_465_077


def test_the_file_is_under_one_megabyte():
    assert len(files("fedwarden.data").joinpath("credit.csv.gz").read_bytes()) < 1_000_000


def test_the_two_tables_are_shuffled_and_partly_in_common():
    bank, partner = credit_tables()
    assert bank.columns == ["id", "y", *BANK_FEATURES]
    assert partner.columns == ["id", *PARTNER_FEATURES]
    assert bank.height == partner.height == 27_000
    assert len(set(bank["id"]) & set(partner["id"])) == 24_500
    assert bank["id"].n_unique() == 27_000
    assert set(bank["id"].str.len_chars()) == {18}
    both = [id_ for id_ in bank["id"] if id_ in set(partner["id"][:2000])]
    assert both != [id_ for id_ in partner["id"][:2000] if id_ in set(both)]


def test_every_person_keeps_their_own_cells():
    bank, partner = credit_tables(30_000, 30_000, 30_000)
    joined = bank.join(partner, on="id").drop("id").rename({"y": "default.payment.next.month"})
    source = credit_table()
    assert joined.select(source.columns).sort(source.columns).equals(source.sort(source.columns))


def test_the_same_arguments_write_the_same_files(tmp_path):
    one = write_credit_tables(tmp_path / "a", 1000, 900, 800)
    two = write_credit_tables(tmp_path / "b", 1000, 900, 800)
    assert one.bank.read_bytes() == two.bank.read_bytes()
    assert one.partner.read_bytes() == two.partner.read_bytes()
    assert (one.bank_rows, one.partner_rows, one.common) == (1000, 900, 800)
    assert pl.read_csv(one.bank, schema_overrides={"id": pl.String}).height == 1000


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="other sizes"):
        credit_tables(27_000, 27_000, 20_000)
