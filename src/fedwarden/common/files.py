"""Files that survive kill -9: written beside, flushed to disk, renamed over."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from fedwarden.common.errors import StateError

T = TypeVar("T")


def write_atomic(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replaces ``path`` by ``data`` at once or not at all; the file is private to its owner unless told."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_struct(path: Path, value: object) -> None:
    """``write_atomic`` of a msgspec struct (or plain data) as indented JSON."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(value), indent=2))


def read_struct(path: Path, kind: type[T]) -> T:
    """Raises FileNotFoundError, or StateError FW-STATE-001 when the file is not a ``kind``."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.MsgspecError as error:
        raise StateError("FW-STATE-001", path=str(path), why=str(error)) from error


def held(path: Path) -> bool:
    """Whether somebody holds the lock on ``path`` at this moment."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextlib.contextmanager
def locked(path: Path, seconds: float = 60.0) -> Iterator[None]:
    """Holds an exclusive lock on ``path``; raises StateError FW-STATE-002 after ``seconds``, naming the holder."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+") as handle:
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    handle.seek(0)
                    holder = handle.read(20).strip() or "?"
                    raise StateError("FW-STATE-002", path=str(path), seconds=round(seconds), pid=holder) from None
                time.sleep(0.05)
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield
