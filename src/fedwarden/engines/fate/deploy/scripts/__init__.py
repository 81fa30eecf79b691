"""What runs on a FATE host: POSIX shell. Every script is constant text; what differs comes as its words."""

from __future__ import annotations

from importlib import resources


def text(name: str) -> str:
    """The script ``name`` as it is sent, behind what all of them begin with."""
    folder = resources.files(__package__)
    return folder.joinpath("common.sh").read_text("utf-8") + folder.joinpath(name).read_text("utf-8")
