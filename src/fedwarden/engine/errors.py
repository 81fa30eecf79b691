"""What can go wrong inside the mathematics; plain attributes, which the worker turns into sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class EngineError(Exception):
    """Base of this package's own failures. ``params`` holds the attributes by name and is safe to show to a peer.

    ``revealed``: what its role learned before it failed, as its record lists it.
    """

    revealed: Sequence[dict[str, Any]] = ()

    def __init__(self, **params: Any) -> None:
        super().__init__(f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in params.items())})")
        self.params = params

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["params"][name]
        except KeyError:
            raise AttributeError(name) from None


class AlignmentTooSmall(EngineError):
    """The parties have fewer ids in common than the job demands. Attributes: ``minimum``.

    ``revealed`` (what this role learned all the same, in numbers) stays out of ``params``: how far below the minimum
    the number is would tell who asks whether one person is in the other's table.
    """

    def __init__(self, minimum: int, revealed: list[dict[str, Any]] | None = None) -> None:
        super().__init__(minimum=minimum)
        self.revealed = revealed or [{"what": "psi.below_minimum", "to": "all roles", "count": 1}]


class DuplicateIds(EngineError):
    """Ids occur more than once after the id rule. Attributes: ``count`` (ids that repeat).

    ``examples`` (the first three) stays out of ``params``: ids are for the party that owns them, never for a peer.
    """

    def __init__(self, count: int, examples: list[str]) -> None:
        super().__init__(count=count)
        self.examples = examples


class EmptyId(EngineError):
    """An id is empty after the id rule. Attributes: ``count``, ``row`` (the first one, from 0)."""


class SplitImpossible(EngineError):
    """The asked held-out fraction leaves one side without a row. Attributes: ``rows``, ``fraction``."""


class PeerViolation(EngineError):
    """A peer sent something the protocol does not allow. Attributes: ``peer``, ``tag``, ``what``."""


class RangeError(EngineError):
    """A number does not fit the ring at the job's scales. Attributes: ``what``, ``bound`` (``value`` if public)."""


class AddressReuse(EngineError):
    """A stream address was asked for twice: the program is wrong, nothing may be sent. Attributes: ``address``."""


class AttemptMismatch(EngineError):
    """The roles do not agree on the attempt's id. Attributes: ``peer``."""


class PlanMismatch(EngineError):
    """Two roles computed different job plans (sizes, options or program versions differ). Attributes: ``peer``."""


class BadInput(EngineError):
    """A party's own table cannot be trained on. Attributes: ``what``."""


class StaleCheckpoint(EngineError):
    """What was kept of a failed attempt does not belong to this plan. Attributes: ``lengthened``, ``iteration``."""
