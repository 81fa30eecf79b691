"""Which peers' keys the party's own operator has confirmed (``pins.json``): party id → fingerprint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fedwarden.common.files import locked, read_struct, write_struct

SECONDS = 10.0


def read_pins(path: Path) -> dict[str, str]:
    """Raises StateError FW-STATE-001 when the file is damaged."""
    return read_struct(path, dict[str, str]) if path.exists() else {}


def change_pins(path: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    """Operator's command and agent write it: one after the other, each on what the other wrote.

    Raises StateError FW-STATE-001, -002 (somebody else keeps it).
    """
    with locked(path.with_suffix(".lock"), SECONDS):
        before = read_pins(path)
        if (after := change(before)) != before:
            write_struct(path, after)
