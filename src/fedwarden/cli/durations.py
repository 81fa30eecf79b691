"""``24h``, ``30d``: how long something is good for."""

from __future__ import annotations

import re

from fedwarden.common.errors import UsageError

_FORM = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MAX_DAYS = 3650


def seconds(text: str, option: str) -> int:
    """Raises UsageError FW-USE-027."""
    found = _FORM.fullmatch(text.strip())
    if found is None or (value := int(found[1]) * _SECONDS[found[2]]) > MAX_DAYS * 86_400:
        raise UsageError("FW-USE-027", found=text[:40], form=f"{option} 30m, 24h, 7d")
    return value
