"""What a recap says of one host."""

from __future__ import annotations

import msgspec


class HostRecap(msgspec.Struct, kw_only=True):
    """Counts of agents. ``ok`` counts those that are as they should be, changed or not."""

    host: str
    ok: int = 0
    changed: int = 0
    failed: int = 0
