"""Default of credit card clients, cut into a bank's table and a partner's.

30,000 card holders in Taiwan, April to September 2005, with 23 features and whether the next payment was missed:
I-Cheng Yeh, UCI Machine Learning Repository, doi:10.24432/C55S3H, CC BY 4.0. The people's ids below are made up.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import polars as pl

LABEL = "default.payment.next.month"
PARTNER_FEATURES = ["LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", "PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5"]
BANK_FEATURES = ["PAY_6", *(f"BILL_AMT{month}" for month in range(1, 7)), *(f"PAY_AMT{month}" for month in range(1, 7))]

_SEED = 2005


@dataclass(frozen=True)
class CreditFiles:
    """The two written tables: where they are, their rows, and how many people stand in both."""

    bank: Path
    partner: Path
    bank_rows: int
    partner_rows: int
    common: int


def credit_table() -> pl.DataFrame:
    """All 30,000 rows, 23 integer features under the source's column names and the label ``LABEL`` (0/1), in the
    source's order; the source's running number is left out, being the row's place.
    """
    packed = files("fedwarden.data").joinpath("credit.csv.gz").read_bytes()
    return pl.read_csv(packed, infer_schema_length=None)


def credit_tables(
    bank_rows: int = 27_000, partner_rows: int = 27_000, common: int = 24_500, seed: int = _SEED
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The bank's table (``id``, ``y``, 13 features) and the partner's (``id``, 10 features).

    ``common`` people stand in both; each table is in an order of its own. Ids are text of 18 digits (beginning with
    99, so that no resident's number looks like them). The same arguments give the same tables. Raises ValueError when
    the sizes do not fit into 30,000 people.
    """
    table = credit_table()
    if not 0 <= common <= min(bank_rows, partner_rows) or bank_rows + partner_rows - common > table.height:
        raise ValueError(f"{bank_rows} and {partner_rows} rows with {common} in common need other sizes")
    chance = random.Random(seed)  # noqa: S311 - an order for example data, no secret
    people = list(range(table.height))
    chance.shuffle(people)
    bank = people[:bank_rows]
    partner = people[:common] + people[bank_rows : bank_rows + partner_rows - common]
    chance.shuffle(bank)
    chance.shuffle(partner)
    ids = pl.Series("id", [f"99{number:016d}" for number in chance.sample(range(10**16), table.height)])
    table = table.with_columns(ids)
    return (
        table[bank].select("id", pl.col(LABEL).alias("y"), *BANK_FEATURES),
        table[partner].select("id", *PARTNER_FEATURES),
    )


def write_credit_tables(
    folder: Path,
    bank_rows: int = 27_000,
    partner_rows: int = 27_000,
    common: int = 24_500,
    seed: int = _SEED,
) -> CreditFiles:
    """Writes ``bank.csv`` and ``partner.csv`` (see ``credit_tables``) into ``folder``, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    bank, partner = credit_tables(bank_rows, partner_rows, common, seed)
    bank.write_csv(folder / "bank.csv")
    partner.write_csv(folder / "partner.csv")
    return CreditFiles(folder / "bank.csv", folder / "partner.csv", bank.height, partner.height, common)
