"""What runs on the hosts themselves: POSIX shell, and Python as 3.6 understands it. Every script is constant text."""

from __future__ import annotations

from importlib import resources


def text(name: str) -> str:
    """The script ``name`` as it is sent."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")
