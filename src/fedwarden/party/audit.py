"""``audit.jsonl``: what this agent was asked, by whom, and what it decided, ran and revealed; nobody edits it unseen.

Append only, one sealed record per line (``common.chain``), flushed to the disk before the answer goes out. Never a
row, id, value, score or the name of a sample: who, what kind, how many.
"""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from fedwarden.common.chain import GENESIS, AuditHead, AuditRecord, plain, sealed
from fedwarden.common.chain_lines import TORN, line_of, read_lines, record_of, torn_details
from fedwarden.common.errors import FedwardenError, StateError

MAX_DETAILS = 16 << 10  # bytes as JSON; what is larger is noted by its size only
MAX_TEXT = 200
STARTS, ENDED = "job starts", "job ended"
#: What comes often is counted: the first one is noted at once, the others of this many seconds in one record.
COUNT_SECONDS = 10.0
MAX_COUNTED = 256  # subjects that are told apart in that time: a caller who makes up names does not fill the disk
READ_LIMIT = 8 << 20


class AuditLog:
    """Safe to use from several threads. One process writes it: the agent, which holds the lock of its home."""

    def __init__(self, path: Path, count_seconds: float = COUNT_SECONDS) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._head: AuditHead | None = None  # None: the end of the file has to be looked at
        self._every = count_seconds
        self._counts: dict[tuple[str, str, str, str], int] = {}
        self._timer: threading.Timer | None = None

    def record(self, actor: str, action: str, subject: str = "", *, refused: str = "", **details: Any) -> AuditRecord:
        """Appends one record and returns when it is on the disk.

        ``actor``: who asked, from the certificate (``Caller.name``) or ``agent`` for what the agent did by itself;
        ``refused``: the code of a refusal, empty for what was allowed; ``details``: counts and kinds.

        Raises StateError FW-STATE-560 when it cannot be written: what cannot be noted is not done, or not answered.
        """
        decided = {"decision": "refused", "code": refused} if refused else {"decision": "allowed"}
        with self._lock:
            try:
                return self._append(actor, action, subject, {**decided, **details})
            except OSError as error:
                self._head = None
                why = error.strerror or type(error).__name__
                raise StateError("FW-STATE-560", path=str(self._path), why=why) from None

    def count(self, actor: str, action: str, subject: str = "", *, refused: str = "", times: int = 1) -> None:
        """``record`` for what may come fifty times a second: predictions, shares, looks, refusals."""
        with self._lock:
            key = (actor, action, subject if len(self._counts) < MAX_COUNTED else "", refused)
            if key in self._counts:
                self._counts[key] += times
                return
            self.record(*key[:3], refused=refused, count=times)
            self._counts[key] = 0
            if self._timer is None:
                self._timer = threading.Timer(self._every, self._flush_quietly)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Writes down what has been counted. Raises StateError FW-STATE-560; nothing is lost then."""
        with self._lock:
            for key, times in list(self._counts.items()):
                actor, action, subject, refused = key
                if times:
                    self.record(actor, action, subject, refused=refused, count=times)
                del self._counts[key]

    def head(self) -> AuditHead:
        """The last record, with everything counted so far. Raises StateError FW-STATE-560."""
        with self._lock:
            self.flush()
            try:
                return self._resume()
            except OSError as error:
                why = error.strerror or type(error).__name__
                raise StateError("FW-STATE-560", path=str(self._path), why=why) from None

    def read(self, start: int = 0, limit: int = READ_LIMIT) -> bytes:
        """Whole lines from byte ``start`` of the file on, at most ``limit`` bytes; empty at its end.

        Counts are written down at the beginning only: reading is noted too, and would never come to an end otherwise.
        """
        if start == 0:
            self.head()
        with self._path.open("rb") as handle:
            handle.seek(start)
            text = handle.read(limit)
        return text[: text.rfind(b"\n") + 1]

    def open_roles(self) -> list[tuple[str, str]]:
        """(job, role) of every role whose start stands here without its end: those that ran when the agent died."""
        begun: dict[tuple[str, str], None] = {}
        for record in read_lines(self._path.read_bytes() if self._path.exists() else b"")[0]:
            if record.action == STARTS:
                begun |= dict.fromkeys((record.subject, role) for role in record.details.get("own", []))
            elif record.action == ENDED:
                begun.pop((record.subject, str(record.details.get("role"))), None)
        return list(begun)

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._flush_quietly()

    def _flush_quietly(self) -> None:
        with self._lock:
            self._timer = None
            try:
                self.flush()
            except FedwardenError as error:
                structlog.get_logger().error("audit not written", code=error.code, why=error.params.get("why"))

    def _append(self, actor: str, action: str, subject: str, details: dict[str, Any]) -> AuditRecord:
        kept = plain(details)
        if (size := len(msgspec.json.encode(kept))) > MAX_DETAILS:
            kept = {key: kept[key] for key in ("decision", "code") if key in kept} | {"too_long": size}
        made = sealed(self._resume(), _now(), actor[:MAX_TEXT], action[:MAX_TEXT], subject[:MAX_TEXT], kept)
        self._write(line_of(made))
        self._head = made.head
        return made

    def _resume(self) -> AuditHead:
        """Where the chain ends; a torn last line is closed off first."""
        if self._head is None:
            self._head, rest = _end_of(self._path)
            whole = record_of(rest)
            if whole is not None and whole.previous == self._head.digest:  # only its line feed is missing
                self._write(b"\n")
                self._head = whole.head
            elif rest:
                made = sealed(self._head, _now(), "agent", TORN, self._path.name, torn_details(rest))
                self._write((b"" if rest.endswith(b"\n") else b"\n") + line_of(made))
                self._head = made.head
        return self._head

    def _write(self, data: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.write(descriptor, data) != len(data):
                raise OSError(0, "the disk took a part of the line only")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _end_of(path: Path) -> tuple[AuditHead, bytes]:
    """The last whole record, and the bytes that stand after it."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return AuditHead(0, GENESIS), b""
    end = text.rfind(b"\n") + 1
    while end:
        begin = text.rfind(b"\n", 0, end - 1) + 1
        last = record_of(text[begin:end])
        if last is not None:
            return last.head, text[end:]
        end = begin
    return AuditHead(0, GENESIS), text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
