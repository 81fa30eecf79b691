"""The ports that an agent takes where nothing else is said: control, data and serving."""

from __future__ import annotations

import os

from fedwarden.common.errors import UsageError

USUAL = {"control": 9480, "data": 9470, "serving": 8059}
#: For several regulators on one machine, whose agents must not take each other's ports while one is down.
SHIFT = "FEDWARDEN_PORT_SHIFT"
_MOST = 50_000


def on_this_machine() -> dict[str, int]:
    """The usual ports, moved by what the environment says. Raises UsageError FW-USE-830 where that is no number."""
    text = os.environ.get(SHIFT, "") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= _MOST):
        raise UsageError("FW-USE-830", variable=SHIFT, most=_MOST)
    return {name: port + int(text) for name, port in USUAL.items()}
