"""Opens the desk at which every command works, with the habits that all of them share."""

from __future__ import annotations

from pathlib import Path

from fedwarden.regulator import watcher
from fedwarden.regulator.certificates import note_expiring
from fedwarden.regulator.desk import Desk, Habits
from fedwarden.regulator.publishing import write_published
from fedwarden.regulator.recovery import recover


def open_desk(home: Path | None = None) -> Desk:
    """``home`` None: the folder that the environment names, else the usual one."""
    return Desk(home, Habits(_begin_change, write_published, lambda desk: watcher.ensure(desk.places)))


def _begin_change(desk: Desk) -> None:
    recover(desk)
    note_expiring(desk)
