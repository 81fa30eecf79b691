"""``agent.log``: JSON lines, 0600, rotated. Never a row, id, feature, parameter, score, or a foreign error's text."""

from __future__ import annotations

import logging
import logging.handlers
import os
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Any, cast

import structlog

MAX_BYTES, KEPT = 5 << 20, 3


class _Private(logging.handlers.RotatingFileHandler):
    def _open(self) -> TextIOWrapper[Any]:
        opener = lambda name, flags: os.open(name, flags | os.O_CLOEXEC, 0o600)  # noqa: E731 - a file's opener
        return cast("TextIOWrapper[Any]", open(self.baseFilename, self.mode, encoding="utf-8", opener=opener))


class _Line(logging.Formatter):
    """structlog's events are JSON already; a library's record becomes one, without its traceback (it may quote)."""

    def __init__(self) -> None:
        super().__init__()
        self._render = structlog.processors.JSONRenderer(ensure_ascii=False)
        self._stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)

    def format(self, record: logging.LogRecord) -> str:
        if record.name == "fedwarden.agent":
            return record.getMessage()
        event: dict[str, Any] = {"event": record.getMessage()[:300], "logger": record.name, "level": record.levelname}
        if record.exc_info and record.exc_info[0] is not None:
            event["error"] = record.exc_info[0].__name__
        return str(self._render(None, "", dict(self._stamp(None, "", event))))


def configure(path: Path) -> Callable[[], None]:
    """Sends structlog's events and the libraries' warnings to ``path``; answers what closes it again."""
    handler = _Private(path, maxBytes=MAX_BYTES, backupCount=KEPT)
    handler.setFormatter(_Line())
    own = logging.getLogger("fedwarden.agent")
    own.setLevel(logging.INFO)
    own.propagate = False
    own.handlers = [handler]
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.handlers = [handler]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_: own,
        cache_logger_on_first_use=True,
    )
    return handler.close
