"""Opens the desk at which every command works, with the habits that all of them share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fedwarden.regulator.certificates import note_expiring
from fedwarden.regulator.desk import Desk, Habits
from fedwarden.regulator.places import Places
from fedwarden.regulator.publishing import write_published
from fedwarden.regulator.recovery import recover
from fedwarden.regulator.watcher import ensure


def open_desk(home: Path | None = None, *, watcher: Callable[[Places], None] = ensure) -> Desk:
    """``home`` None: the folder that the environment names, else the usual one. ``watcher`` sees to it that one runs;
    the watcher itself has none to start."""
    return Desk(home, Habits(_begin_change, write_published, lambda desk: watcher(desk.places)))


def _begin_change(desk: Desk) -> None:
    recover(desk)
    note_expiring(desk)
