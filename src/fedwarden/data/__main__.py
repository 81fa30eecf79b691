"""``python -m fedwarden.data FOLDER``: writes the demo's two tables, bank.csv and partner.csv, to try things with."""

import sys
from pathlib import Path

from fedwarden.data.credit import write_credit_tables


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m fedwarden.data FOLDER", file=sys.stderr)
        return 2
    written = write_credit_tables(Path(arguments[0]).absolute())
    print(written.bank)
    print(written.partner)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
