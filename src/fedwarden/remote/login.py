"""How to get onto a host: address, user, and one of password, key file, or the caller's SSH agent."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from fedwarden.common.errors import RemoteError


@dataclass(frozen=True)
class Login:
    """``password`` and ``passphrase`` never show in ``repr``. Without any means of its own the SSH agent is asked."""

    host: str
    user: str = "root"
    port: int = 22
    password: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    host_key: str | None = None  # fingerprint (SHA256:…) that a first contact must show, where it is known

    @property
    def address(self) -> str:
        """What a host key belongs to."""
        return f"{self.host}:{self.port}"

    @property
    def place(self) -> str:
        """What an installation belongs to: users of one host have their own."""
        return f"{self.user}@{self.host}:{self.port}"


def password_lines(count: int, what: str) -> list[str]:
    """``count`` passwords from standard input, one per line; asked without echo when that is a terminal.

    Raises RemoteError FW-SSH-016 when there are fewer, or one is empty.
    """
    if sys.stdin.isatty():
        given = [getpass.getpass(f"{what} {number}: ") for number in range(1, count + 1)]
    else:
        given = [line.rstrip("\r\n") for _, line in zip(range(count), sys.stdin, strict=False)]
    if len(given) < count or not all(given):
        raise RemoteError("FW-SSH-016", wanted=count, found=sum(map(bool, given)))
    return given


def password_file(path: Path) -> str:
    """The first line of a file that only its owner can read. Raises RemoteError FW-SSH-017 or FW-SSH-018."""
    try:
        with path.open(encoding="utf-8") as handle:
            if os.fstat(handle.fileno()).st_mode & 0o077:
                raise RemoteError("FW-SSH-018", path=str(path))
            line = handle.readline(4096).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RemoteError("FW-SSH-017", path=str(path), why=getattr(error, "strerror", None) or "?") from None
    if not line:
        raise RemoteError("FW-SSH-017", path=str(path), why="empty")
    return line
