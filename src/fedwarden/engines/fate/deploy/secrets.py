"""Passwords of a cluster. They are made on the party's host and never leave it: what is rendered here holds only their
places, which the host fills in while it unpacks a release."""

from __future__ import annotations

#: Names in the host's secrets file; each is 32 random hexadecimal digits.
NAMES = ("MYSQL_ROOT", "MYSQL_FATE", "REDIS", "BOARD", "ADMIN")


def place(name: str) -> str:
    """What stands for the password in a rendered file."""
    if name not in NAMES:
        raise ValueError(name)
    return f"@@{name}@@"


#: Stands for the party's folder on the host, since ``~`` means nothing to Docker.
ROOT = "@@ROOT@@"
