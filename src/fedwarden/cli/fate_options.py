"""What deploy takes for FATE clusters, from either command's words to the regulator's desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fedwarden.common.errors import UsageError
from fedwarden.regulator.desk import Desk


def grant(desk: Desk, engine: str, given: Mapping[str, Any]) -> None:
    """Puts what was ``given`` (option → value; nothing: not given) onto the desk.

    Raises UsageError FW-USE-651: another engine is asked for.
    """
    told = {name: value for name, value in given.items() if value not in (None, "", [], False, 0)}
    for name in told:
        if engine != "fate":
            raise UsageError("FW-USE-651", option=f"--{name}")
    desk.images = str(told.pop("images", ""))
    desk.wishes = {name.removeprefix("fate-").replace("-", "_"): value for name, value in told.items()}


def number(text: str | None, option: str) -> int:
    """A whole number above 0, or 0 when nothing is given. Raises UsageError FW-USE-652."""
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:10]) < 2**31:
        raise UsageError("FW-USE-652", why=f"{option} {text[:20]}")
    return int(text)
