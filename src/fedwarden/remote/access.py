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
#: Where the password is, for hosts that nothing else is given for: what password_from is in fedwarden.yaml.
PASSWORD_VARIABLE = "FEDWARDEN_SSH_PASSWORD_FROM"  # noqa: S105 - a name


class Access:
    """For each host, in this order: the password given for it to this command; the key file, then the source of a
    password, that its deployment names (``means``: ``key`` and ``password_from``, never a secret); the key file of
    FEDWARDEN_SSH_KEY; the source of a password that FEDWARDEN_SSH_PASSWORD_FROM names; the caller's SSH agent."""

    def __init__(self, passwords: Mapping[str, str] | None = None) -> None:
        self._passwords = dict(passwords or {})
        self._found: dict[str, str] = {}  # by place: nobody is asked twice

    def __repr__(self) -> str:
        return f"Access({sorted(self._passwords)})"

    def can(self, host: str, means: Mapping[str, Any] | None = None) -> bool:
        """Whether there is anything to try."""
        names = (KEY_VARIABLE, PASSWORD_VARIABLE, "SSH_AUTH_SOCK")
        if host in self._passwords or any(os.environ.get(name) for name in names):
            return True
        return bool(means and (means.get("key") or means.get("password_from")))

    def login(self, place: str, means: Mapping[str, Any] | None = None) -> Login:
        """``place`` is ``user@host:port``. Raises RemoteError FW-SSH-014 when there is nothing to log in with, and what
        a source of a password can fail with: FW-SSH-017, -018, -440 (no such variable), -441 (nobody to ask), -800
        (none of the three)."""
        user, _, address = place.rpartition("@")
        host, _, port = address.rpartition(":")
        if not self.can(host, means):
            raise RemoteError("FW-SSH-014", host=address)
        means = means or {}
        password, key = self._passwords.get(host), ""
        if password is None:
            key, source = str(means.get("key") or ""), str(means.get("password_from") or "")
            if not key and not source:
                key = os.environ.get(KEY_VARIABLE, "")
                source = "" if key else _checked(os.environ.get(PASSWORD_VARIABLE, ""))
            if not key and source:
                password = self._from(source, place)
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


def _checked(source: str) -> str:
    """Raises RemoteError FW-SSH-800; it does not repeat what it found, which might be the password itself."""
    kind, _, rest = source.partition(":")
    if source and source != "prompt" and not (kind in ("env", "file") and rest):
        raise RemoteError("FW-SSH-800", name=PASSWORD_VARIABLE)
    return source
