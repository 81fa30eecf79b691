"""Opening a party's table in place: only a regular file, by its absolute path; and its checksum."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from fedwarden.common.api import Dataset
from fedwarden.common.errors import DataError

_CHUNK = 1 << 20


Allowed = Callable[[str, Path], None]


def open_table(path: str, forbidden: Path | None = None, allowed: Allowed | None = None) -> BinaryIO:
    """The file, open for reading at its start. ``allowed`` is given the path and where the file that was opened really
    lies, links followed, and raises where it may not be read: nobody can move a link between the look and the opening.

    Raises DataError: FW-DATA-001 relative, -002 missing, -003 a folder, -004 no regular file, -005 not readable for
    this user, -006 any other refusal of the system, -007 inside ``forbidden`` (the agent's own folder).
    """
    if "\0" in path or not path.startswith("/"):
        raise DataError("FW-DATA-001", path=path.replace("\0", "?"))
    try:
        # a FIFO without a writer must not block the agent
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise DataError("FW-DATA-002", path=path) from None
    except PermissionError:
        raise DataError("FW-DATA-005", path=path, user=_user()) from None
    except OSError as error:
        if error.errno == errno.ENOTDIR:
            raise DataError("FW-DATA-002", path=path) from None
        if error.errno in (errno.ENXIO, errno.ENODEV):
            raise DataError("FW-DATA-004", path=path) from None
        raise DataError("FW-DATA-006", path=path, why=error.strerror) from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise DataError("FW-DATA-003" if stat.S_ISDIR(mode) else "FW-DATA-004", path=path)
    try:
        real = Path(f"/proc/self/fd/{descriptor}").readlink()
        if forbidden is not None and real.is_relative_to(forbidden.resolve()):
            raise DataError("FW-DATA-007", path=path)
        if allowed is not None:
            allowed(path, real)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def sha256_of(handle: BinaryIO) -> str:
    """Of the whole file, read in pieces; hex."""
    handle.seek(0)
    digest = hashlib.sha256()
    while chunk := handle.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def changed(dataset: Dataset) -> DataError:
    """Its file is not what was registered."""
    return DataError("FW-DATA-042", path=dataset.path, dataset=dataset.dataset_id, role=dataset.role)
