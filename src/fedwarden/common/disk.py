"""What a disk refuses, told as such: full, read-only, forbidden; everywhere else it would be an unexpected failure."""

from __future__ import annotations

import errno

from fedwarden.common.errors import StateError

#: What a disk says that is full, over its quota or its file limit, read-only, forbidden, or broken.
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


def refusal(error: BaseException, *, where: str = "") -> StateError | None:
    """FW-STATE-710 when ``error`` is a disk's, else None. ``where`` is the place to name instead of the error's own."""
    if not isinstance(error, OSError) or error.errno not in DISK:
        return None
    place = where or str(error.filename or "")
    return StateError("FW-STATE-710", where=place or "-", why=error.strerror or type(error).__name__)
