"""A worker's log: JSON lines in its job's folder. Never a row, id, feature, weight or score."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import structlog


def configure(path: Path) -> None:
    """Sends structlog's events to ``path`` (0600), a line each, flushed at once."""
    handle = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "a", buffering=1)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(handle),
        cache_logger_on_first_use=True,
    )


def places(error: BaseException) -> list[str]:
    """Where an exception came through: file and line only, since a message or a source line may quote data."""
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
