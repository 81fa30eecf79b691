"""Where a training can go on after a failure: one data party's shares after a whole number of iterations.

A checkpoint holds shares of weights only: uniform numbers as long as not all data parties' come together, and nothing
of the masks, secrets or rows of the attempt they were made in (docs/protocol.md, section 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from fedwarden.engine.ring import Ring


class Position(NamedTuple):
    """``lengthened``: how often the sigmoid's series was; ``iteration``: whole iterations done since."""

    lengthened: int = 0
    iteration: int = 0


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """``weights`` and ``before``: this party's shares of every data role's v after the last iteration and the one
    before it (the momentum's), (columns,) at f_w. ``plan``: digest of the plan they belong to. ``losses``: those opened
    to this role so far."""

    position: Position
    plan: bytes
    weights: dict[str, Ring]
    before: dict[str, Ring]
    losses: list[tuple[int, float]] = field(default_factory=list)


#: Called between two iterations with what must be kept; returns when it is.
Keep = Callable[[Checkpoint], None]


def forget(checkpoint: Checkpoint) -> None:
    """Keeps nothing."""
