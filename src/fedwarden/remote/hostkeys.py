"""Which key each host showed when it was first met; a host that shows another one later is refused."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from fedwarden.common.errors import RemoteError
from fedwarden.common.files import locked, read_struct, write_struct


class KnownHost(msgspec.Struct, frozen=True):
    """``key`` is OpenSSH's public line without comment; ``fingerprint`` as ``ssh-keygen -l`` prints it."""

    key: str
    fingerprint: str
    enrolled: str

    @property
    def algorithm(self) -> str:
        return self.key.split(" ", 1)[0]


class HostKeys:
    """The file ``hosts/known_hosts.json`` of the regulator: address → ``KnownHost``."""

    def __init__(self, home: Path) -> None:
        self.path = home / "hosts" / "known_hosts.json"

    def all(self) -> dict[str, KnownHost]:
        """Raises StateError FW-STATE-001 when the file is broken: no key is then taken for known or for new."""
        try:
            return read_struct(self.path, dict[str, KnownHost])
        except FileNotFoundError:
            return {}

    def known(self, address: str) -> KnownHost | None:
        return self.all().get(address)

    def check(self, address: str, key: str, fingerprint: str, expected: str | None = None) -> bool:
        """Whether the host was met for the first time just now; then its key is on record.

        Raises RemoteError FW-SSH-002 (another key than the recorded one) or FW-SSH-003 (a first key that is not
        ``expected``); neither changes the record.
        """
        with locked(self.path.with_suffix(".lock"), 10.0):
            known = self.all()
            before = known.get(address)
            if before is not None:
                if before.key != key:
                    raise RemoteError("FW-SSH-002", host=address, pinned=before.fingerprint, found=fingerprint)
                return False
            if expected is not None and expected.removeprefix("SHA256:") != fingerprint.removeprefix("SHA256:"):
                raise RemoteError("FW-SSH-003", host=address, expected=expected, found=fingerprint)
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            write_struct(self.path, {**known, address: KnownHost(key, fingerprint, now)})
            return True

    def forget(self, address: str) -> bool:
        """After the operator confirmed a new key; whether there was a record."""
        with locked(self.path.with_suffix(".lock"), 10.0):
            known = self.all()
            if known.pop(address, None) is None:
                return False
            write_struct(self.path, known)
            return True
