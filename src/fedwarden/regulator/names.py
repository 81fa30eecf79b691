"""Names that people choose for projects and services."""

from __future__ import annotations

import re

from fedwarden.common.errors import UsageError

_FORM = re.compile(r"[^\W_][\w.-]{0,63}")


def check_name(what: str, name: str) -> str:
    """Letters of any script, digits, ``_ . -``; 1 to 64 of them. Raises UsageError FW-USE-019."""
    if not name:
        raise UsageError("FW-USE-019", what=what, why="empty")
    if len(name) > 64:
        raise UsageError("FW-USE-019", what=what, why=f"{len(name)} > 64")
    if _FORM.fullmatch(name) is None:
        raise UsageError("FW-USE-019", what=what, why=repr(name))
    return name
