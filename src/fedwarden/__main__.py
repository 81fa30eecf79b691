"""``python -m fedwarden``: the same as the ``fedwarden`` command."""

from fedwarden.cli.main import main

if __name__ == "__main__":
    main()
