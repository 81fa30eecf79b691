"""What this command may log in with. Lives as long as the command; nothing of it is stored."""

from __future__ import annotations

import os
from pathlib import Path

from fedwarden.common.errors import RemoteError
from fedwarden.remote.login import Login

#: A private key file for all hosts that have no password given.
KEY_VARIABLE = "FEDWARDEN_SSH_KEY"


class Access:
    """Passwords by host address; else the key file of FEDWARDEN_SSH_KEY; else the caller's SSH agent."""

    def __init__(self, passwords: dict[str, str] | None = None) -> None:
        self._passwords = dict(passwords or {})

    def __repr__(self) -> str:
        return f"Access({sorted(self._passwords)})"

    def can(self, host: str) -> bool:
        """Whether there is anything to try."""
        return host in self._passwords or bool(os.environ.get(KEY_VARIABLE) or os.environ.get("SSH_AUTH_SOCK"))

    def login(self, place: str) -> Login:
        """``place`` is ``user@host:port``. Raises RemoteError FW-SSH-014 when there is nothing to log in with."""
        user, _, address = place.rpartition("@")
        host, _, port = address.rpartition(":")
        if not self.can(host):
            raise RemoteError("FW-SSH-014", host=address)
        password = self._passwords.get(host)
        file = os.environ.get(KEY_VARIABLE)
        key = Path(file) if file and password is None else None
        return Login(host, user, int(port), password=password, key_file=key)
