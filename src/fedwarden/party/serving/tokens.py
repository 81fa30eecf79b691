"""Tokens for online predictions from other hosts: shown once, kept as a hash, good for some services until some day."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from pathlib import Path

import msgspec
from msgspec.structs import replace

from fedwarden.common.errors import ModelError, UsageError
from fedwarden.common.files import locked, read_struct, write_struct
from fedwarden.common.structs import prepare
from fedwarden.party.home import check_service

HEAD = "fwt_"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """``services``: names it may ask for; ``hash``: SHA-256 of the token, hex. Times in UTC, ISO 8601.

    Of a revoked one only its id stays (``hash`` is empty), so that no later token bears it.
    """

    id: str
    hash: str
    services: list[str]
    created: str
    expires: str


class TokenBook:
    """``tokens.json``: the operator's command writes it, the agent reads it again for every request."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[Token]:
        """Those that are not revoked. Raises StateError FW-STATE-001 when the file is damaged."""
        return [one for one in self._ever() if one.hash]

    def _ever(self) -> list[Token]:
        try:
            return read_struct(self._path, list[Token])
        except FileNotFoundError:
            return []

    def create(self, services: list[str], seconds: int) -> tuple[Token, str]:
        """A new token and its text, which is nowhere else. Raises UsageError FW-USE-062 for a name that is none."""
        for name in services:
            check_service(name)
        text = HEAD + secrets.token_urlsafe(32)
        made = datetime.datetime.now(datetime.UTC)
        with locked(self._path.with_suffix(".lock")):
            known = self._ever()
            token = Token(
                id=f"t{max([0, *(int(one.id[1:]) for one in known)]) + 1}",
                hash=_hash(text),
                services=services,
                created=made.isoformat(timespec="seconds"),
                expires=(made + datetime.timedelta(seconds=seconds)).isoformat(timespec="seconds"),
            )
            write_struct(self._path, [*known, token])
        return token, text

    def revoke(self, token_id: str) -> Token:
        """Raises UsageError FW-USE-523 when there is no such token."""
        with locked(self._path.with_suffix(".lock")):
            known = self._ever()
            gone = next((one for one in known if one.id == token_id and one.hash), None)
            if gone is None:
                raise UsageError("FW-USE-523", id=token_id[:20])
            marked = replace(gone, hash="", services=[])
            write_struct(self._path, [marked if one is gone else one for one in known])
        return gone

    def find(self, text: str) -> Token:
        """The token of this text. Raises ModelError FW-MODEL-522: none, revoked, or its time is over."""
        # looked up by its hash: how long the comparison takes tells nothing about a token
        found = next((one for one in self.all() if one.hash == _hash(text)), None)
        if found is None:
            raise ModelError("FW-MODEL-522", why="token")
        if datetime.datetime.fromisoformat(found.expires) < datetime.datetime.now(datetime.UTC):
            raise ModelError("FW-MODEL-522", why=f"expired {found.expires}")
        return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


prepare(__name__)
