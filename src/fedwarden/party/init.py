"""Makes a party's key and its certificate request: ``python -m fedwarden.party.init --home H --party 1``.

Prints the path of the request, which the regulator signs; ``cert.pem`` and ``ca.pem`` then go beside it. An existing
key is kept, so the command may be repeated.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fedwarden.common.errors import FedwardenError
from fedwarden.common.files import write_atomic
from fedwarden.identity.keys import make_csr, make_key, read_key, write_key
from fedwarden.party.home import Home


def initialise(root: Path, party: int) -> Path:
    """The request's path. Raises IdentityError when the home holds something else than a key, or ``party`` is no id."""
    home = Home(root)
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.root.chmod(0o700)
    if home.key.exists():
        key = read_key(home.key)
    else:
        key = make_key()
        write_key(home.key, key)
    write_atomic(home.csr, make_csr(key, party))
    return home.csr


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fedwarden.party.init")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--party", type=int, required=True)
    words = parser.parse_args()
    try:
        print(initialise(words.home, words.party))
    except FedwardenError as error:
        print(f"error: {error.message()} {error.fix()}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"error: {words.home}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
