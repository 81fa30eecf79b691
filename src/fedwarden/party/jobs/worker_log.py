"""A worker's log: JSON lines in its job's folder. Never a row, id, feature, weight or score."""

from __future__ import annotations

import contextlib
import os
import traceback
from pathlib import Path
from typing import TextIO, cast

import structlog


def configure(path: Path) -> None:
    """Sends structlog's events to ``path`` (0600), a line each, flushed at once."""
    handle = _Lenient(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", handle)),
        cache_logger_on_first_use=True,
    )


class _Lenient:
    """A log's end that loses lines rather than the job when the disk is full."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            os.write(self._descriptor, text.encode("utf-8", "backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def places(error: BaseException) -> list[str]:
    """Where an exception came through: file and line only, since a message or a source line may quote data."""
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
