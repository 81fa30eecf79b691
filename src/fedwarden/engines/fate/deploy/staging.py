"""A party's table comes before its FATE-Flow: copied on its own host into the folder that the container sees, and taken
away again when it has been read. It never leaves the host."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from fedwarden.common.errors import DataError, RemoteError
from fedwarden.engines.base import Member
from fedwarden.engines.fate.parties import FateParty
from fedwarden.engines.fate.staging import Staging
from fedwarden.remote.command import Command, Output, script

#: A million rows are copied in a second; a slow disk gets time.
COPY_SECONDS = 600.0

_COPY = """umask 077
[ -f "$1" ] || { echo "no regular file" >&2; exit 66; }
[ -r "$1" ] || { echo "it may not be read" >&2; exit 66; }
cp -- "$1" "$2.part" && mv -- "$2.part" "$2" || { rm -f -- "$2.part"; exit 1; }
"""


class Staged(Staging):
    """``run`` runs a command on a party's host."""

    def __init__(self, run: Callable[[FateParty, Command], Output]) -> None:
        self._run = run
        self._copies: dict[tuple[int, str], str] = {}

    def stage(self, member: Member, party: FateParty, path: str) -> str:
        """Raises DataError FW-DATA-650 when the file cannot be read there, RemoteError."""
        outside, inside = party.shared
        name = f"{secrets.token_hex(8)}.csv"
        self._copies[member.party, path] = f"{outside}/{name}"
        command = script("copy the table to FATE", _COPY, path, f"{outside}/{name}", seconds=COPY_SECONDS)
        try:
            self._run(party, command)
        except RemoteError as error:
            if error.code == "FW-SSH-010":
                why = error.params.get("why", "-")
                raise DataError("FW-DATA-650", path=path, party=member.party, why=why) from None
            raise
        return f"{inside}/{name}"

    def unstage(self, member: Member, party: FateParty, path: str) -> None:
        copy = self._copies.pop((member.party, path), None)
        if copy is not None:
            self._run(party, Command("remove FATE's copy of the table", ("rm", "-f", "--", copy)))
