"""A chain as JSON lines. A writer that was killed leaves a torn last line; whoever writes next closes it off: the torn
bytes stay, and the record after them (``TORN``) seals how many they are and their SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from fedwarden.common.chain import AuditRecord

TORN = "line torn"


def line_of(record: AuditRecord) -> bytes:
    return msgspec.json.encode(record) + b"\n"


def record_of(line: bytes) -> AuditRecord | None:
    try:
        return msgspec.json.decode(line, type=AuditRecord, strict=True)
    except msgspec.MsgspecError:
        return None


def torn_details(rest: bytes) -> dict[str, Any]:
    rest = rest.strip(b"\n")
    return {"decision": "allowed", "bytes": len(rest), "sha256": hashlib.sha256(rest).hexdigest()}


def read_lines(text: bytes) -> tuple[list[AuditRecord], list[int]]:
    """Every record in the order of the file, and the numbers where an unreadable line stands instead of one.

    A line that the record after it closes off as torn is no damage: it never was a record.
    """
    records: list[AuditRecord] = []
    unreadable: list[int] = []
    odd: list[bytes] = []  # what stands since the last record and is none
    for line in text.split(b"\n"):
        record = record_of(line) if line else None
        if record is None:
            odd += [line] if line else []
            continue
        if odd and not (record.action == TORN and record.details == torn_details(b"\n".join(odd))):
            unreadable += _numbers(records, odd)
        odd = []
        records.append(record)
    return records, unreadable + _numbers(records, odd)


def _numbers(records: Sequence[AuditRecord], odd: Sequence[bytes]) -> list[int]:
    before = records[-1].seq if records else 0
    return [before + place for place in range(1, len(odd) + 1)]
