"""Files without a name: no other process can open them, and they are gone with this one, however it ends."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def nameless(folder: Path) -> int:
    """A descriptor, open for reading and writing, 0600. Raises OSError when the folder takes no file."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:  # a file system without such files: one that loses its name before anything is in it
        descriptor, name = tempfile.mkstemp(prefix=".blocks-", dir=folder)
        Path(name).unlink()
        return descriptor
