"""Which keys hold no longer: the authority's signed list, kept beside the certificate, looked at for every caller."""

from __future__ import annotations

import threading
from pathlib import Path

from fedwarden.common.errors import IdentityError, StateError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.common.membership import Revocations, Statement
from fedwarden.identity.keys import fingerprint_of_pem
from fedwarden.identity.statements import hear

KIND = "revocations"
FILE = "revoked.json"


class RevocationBook:
    """``revoked.json`` in ``folder``, which also holds ``ca.pem``. Safe to use from several threads.

    Raises IdentityError FW-ID-521 or StateError FW-STATE-001 when the stored list is not what the authority signed:
    nobody is to be believed then.
    """

    def __init__(self, folder: Path, ca: str = "ca.pem") -> None:
        self._path, self._ca = folder / FILE, folder / ca
        self._lock = threading.Lock()
        self._list = Revocations(number=0, made="", keys={})
        if self._path.exists():
            self._list = self._heard(read_struct(self._path, Statement))

    @property
    def number(self) -> int:
        return self._list.number

    @property
    def keys(self) -> dict[str, str]:
        """Fingerprint → the identity it belonged to."""
        return self._list.keys

    def holds(self, fingerprint: str) -> bool:
        """Whether the key with this fingerprint is still good."""
        return fingerprint not in self._list.keys

    def check(self, fingerprint: str, who: str) -> None:
        """Raises IdentityError FW-ID-522 when that key is revoked."""
        if fingerprint in self._list.keys:
            raise IdentityError("FW-ID-522", who=who, fingerprint=fingerprint)

    def accept(self, statement: Statement) -> Revocations:
        """Stores a list that is newer than the one here; the same one again changes nothing.

        Raises IdentityError FW-ID-521 (not the authority's), FW-ID-523 (older than the list here).
        """
        heard = self._heard(statement)
        with self._lock:
            if heard.number < self._list.number:
                raise IdentityError("FW-ID-523", found=heard.number, here=self._list.number)
            if heard.number > self._list.number:
                write_struct(self._path, statement)
                self._list = heard
        return self._list

    def _heard(self, statement: Statement) -> Revocations:
        try:
            authority = fingerprint_of_pem(self._ca.read_bytes())
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise IdentityError("FW-ID-001", path=str(self._ca), why=why) from None
        return hear(statement, KIND, authority, Revocations)


def read_book(folder: Path, ca: str = "ca.pem") -> RevocationBook:
    """As the constructor, with one code for whatever is wrong. Raises StateError FW-STATE-521."""
    try:
        return RevocationBook(folder, ca)
    except (IdentityError, StateError) as error:
        raise StateError("FW-STATE-521", path=str(folder / FILE), why=error.code) from error
