"""What the authority has issued (``issued.json`` beside its key): whose, which key, until when."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from fedwarden.common.files import read_struct, write_struct
from fedwarden.common.structs import prepare

FILE = "issued.json"


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate. ``serial`` in hex; times in UTC, ISO 8601."""

    who: str
    serial: str
    fingerprint: str
    made: str
    ends: str

    def days_left(self, now: datetime.datetime) -> int:
        """Whole days until it ends; negative when it has ended."""
        return (datetime.datetime.fromisoformat(self.ends) - now).days


class Ledger:
    """``folder`` is the authority's."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def all(self) -> list[Issued]:
        """Oldest first. Raises StateError FW-STATE-001 when the file is damaged."""
        return read_struct(self._path, list[Issued]) if self._path.exists() else []

    def add(self, issued: Issued) -> None:
        write_struct(self._path, [*self.all(), issued])

    def latest(self) -> dict[str, Issued]:
        """Fingerprint → the newest certificate of that key."""
        return {one.fingerprint: one for one in self.all()}


prepare(__name__)
