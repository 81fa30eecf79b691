"""What this command may log in with. Lives as long as the command; nothing of it is stored."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fedwarden.common.errors import RemoteError
from fedwarden.remote.login import Login, password_file

#: A private key file for all hosts that have no password given.
KEY_VARIABLE = "FEDWARDEN_SSH_KEY"


class Access:
    """For each host, in this order: the password given for it to this command; the key file, then the source of a
    password, that its deployment names (``means``: ``key`` and ``password_from``, never a secret); the key file of
    FEDWARDEN_SSH_KEY; the caller's SSH agent."""

    def __init__(self, passwords: Mapping[str, str] | None = None) -> None:
        self._passwords = dict(passwords or {})
        self._found: dict[str, str] = {}  # by place: nobody is asked twice

    def __repr__(self) -> str:
        return f"Access({sorted(self._passwords)})"

    def can(self, host: str, means: Mapping[str, Any] | None = None) -> bool:
        """Whether there is anything to try."""
        if host in self._passwords or os.environ.get(KEY_VARIABLE) or os.environ.get("SSH_AUTH_SOCK"):
            return True
        return bool(means and (means.get("key") or means.get("password_from")))

    def login(self, place: str, means: Mapping[str, Any] | None = None) -> Login:
        """``place`` is ``user@host:port``. Raises RemoteError FW-SSH-014 when there is nothing to log in with, and what
        ``password_from`` can fail with: FW-SSH-017, -018, -440 (no such variable), -441 (nobody to ask)."""
        user, _, address = place.rpartition("@")
        host, _, port = address.rpartition(":")
        if not self.can(host, means):
            raise RemoteError("FW-SSH-014", host=address)
        means = means or {}
        password, key = self._passwords.get(host), ""
        if password is None:
            key = str(means.get("key") or "")
            if not key and means.get("password_from"):
                password = self._from(str(means["password_from"]), place)
            elif not key:
                key = os.environ.get(KEY_VARIABLE, "")
        return Login(host, user, int(port), password=password, key_file=Path(key) if key else None)

    def _from(self, source: str, place: str) -> str:
        if place not in self._found:
            kind, _, rest = source.partition(":")
            if kind == "env":
                self._found[place] = os.environ.get(rest, "")
                if not self._found[place]:
                    raise RemoteError("FW-SSH-440", host=place, name=rest)
            elif kind == "file":
                self._found[place] = password_file(Path(rest))
            elif sys.stdin.isatty():
                self._found[place] = getpass.getpass(f"{place}: ")
            else:
                raise RemoteError("FW-SSH-441", host=place)
        return self._found[place]
