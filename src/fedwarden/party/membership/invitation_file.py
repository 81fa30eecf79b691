"""An invitation as it travels: one line of text, checked before anything is done with it."""

from __future__ import annotations

import base64
import datetime
import re
import sys
from pathlib import Path

import msgspec

from fedwarden.common.errors import IdentityError, UsageError
from fedwarden.common.membership import INVITATION_HEAD, Invitation

MAX_TEXT = 4096
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


def read_invitation(source: str) -> Invitation:
    """From a file, or for ``-`` from standard input: its token is a secret and never stands on a command line.

    Raises UsageError FW-USE-522 (none there, or damaged), IdentityError FW-ID-526 (its time is over).
    """
    try:
        if source == "-":
            text = sys.stdin.readline(MAX_TEXT)
        else:
            with Path(source).open(encoding="utf-8") as handle:
                text = handle.read(MAX_TEXT)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError("FW-USE-522", source=source[:200], why=why) from None
    words = text.split()
    if not words or not words[0].startswith(INVITATION_HEAD):
        raise UsageError("FW-USE-522", source=source[:200], why="no invitation")
    try:
        raw = base64.urlsafe_b64decode(words[0].removeprefix(INVITATION_HEAD))
        invitation = msgspec.json.decode(raw, type=Invitation)
        expires = datetime.datetime.fromisoformat(invitation.expires)
    except (ValueError, msgspec.MsgspecError):
        raise UsageError("FW-USE-522", source=source[:200], why="damaged") from None
    if _FINGERPRINT.fullmatch(invitation.authority) is None or not 1 <= invitation.party <= 2**31 - 1:
        raise UsageError("FW-USE-522", source=source[:200], why="damaged")
    if expires.tzinfo is None or expires < datetime.datetime.now(datetime.UTC):
        raise IdentityError("FW-ID-526", party=invitation.party, expires=invitation.expires)
    return invitation
