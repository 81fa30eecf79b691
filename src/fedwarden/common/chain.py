"""Records that seal each other: each carries the digest of the one before it, so that a later change shows.

``digest`` is SHA-256, in hex, over the UTF-8 of the JSON array ``[seq, at, actor, action, subject, details, previous]``
with sorted keys, no blanks and every character beyond ASCII escaped. ``previous`` of the first record is 64 zeros.
A chain proves the order and the content of what stands in it, not that its end was not cut off or that it was not
written anew as a whole: that is what heads are for which somebody else keeps (``common.damage``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from fedwarden.common.structs import prepare

GENESIS = "0" * 64


class AuditHead(msgspec.Struct, frozen=True):
    """The last record of a chain; seq 0 and ``GENESIS`` for an empty one. Crosses as POST /v1/audit/heads."""

    seq: int
    digest: str


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, when, to what. ``details`` hold counts and kinds; never a secret, row, id, score or weight."""

    seq: int
    at: str  # UTC, ISO 8601
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    previous: str
    digest: str

    def as_number(self, seq: int) -> str:
        """The digest that this content would have as number ``seq``."""
        return digest_of(seq, self.at, self.actor, self.action, self.subject, self.details, self.previous)

    @property
    def head(self) -> AuditHead:
        return AuditHead(self.seq, self.digest)


def digest_of(
    seq: int, at: str, actor: str, action: str, subject: str, details: Mapping[str, Any], previous: str
) -> str:
    """The seal of a record, see the module's text. ``details`` must be what JSON gives back unchanged (``plain``)."""
    text = json.dumps([seq, at, actor, action, subject, details, previous], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """``details`` as JSON gives them back: keys are text, tuples are lists; what JSON does not know becomes text."""
    made: dict[str, Any] = json.loads(json.dumps(details, default=str))
    return made


def sealed(head: AuditHead, at: str, actor: str, action: str, subject: str, details: Mapping[str, Any]) -> AuditRecord:
    """The record that follows ``head``."""
    seq, kept = head.seq + 1, plain(details)
    return AuditRecord(
        seq=seq,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        details=kept,
        previous=head.digest,
        digest=digest_of(seq, at, actor, action, subject, kept, head.digest),
    )


prepare(__name__)
