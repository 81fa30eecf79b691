"""The one data set that comes with the package: default of credit card clients (see NOTICE for source and licence).

``credit_table`` reads it, ``credit_tables`` cuts it into the two tables of the demo (a bank's and a partner's) and
``write_credit_tables`` writes them as CSV, the way two organisations would hold them.
"""

from fedwarden.data.credit import (
    BANK_FEATURES,
    PARTNER_FEATURES,
    CreditFiles,
    credit_table,
    credit_tables,
    write_credit_tables,
)

__all__ = [
    "BANK_FEATURES",
    "PARTNER_FEATURES",
    "CreditFiles",
    "credit_table",
    "credit_tables",
    "write_credit_tables",
]
