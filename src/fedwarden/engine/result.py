"""What a training gives back to its caller at each role, logistic and linear alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Progress = Callable[[int, int, float | None], None]  # iteration (from 1), iterations, loss where this role may know it


def silent(iteration: int, iterations: int, loss: float | None) -> None:
    """A progress callback that does nothing."""


@dataclass(frozen=True)
class LocalNotice:
    """Something a person should know: ``kind`` is a stable word, ``params`` name own columns and counts only."""

    kind: str
    params: dict[str, Any]


@dataclass(kw_only=True)
class PartyResult:
    """One data party's outcome. Arrays run over the columns of the features it gave, dropped ones with weight 0.

    ``standardised``: weights for columns centred and scaled by ``means`` and ``scales`` (training rows);
    ``weights``: in the columns'
    own units. ``intercept``: in own units, at hosts 0 unless its
    means were too far out to be shared. Guest only: ``standardised_intercept``, ``train_scores``,
    ``held_out_scores`` (the linear
    predictor of every row, to 2^-12). ``losses``: (iteration, mean loss without the penalty) as opened while training.
    """

    standardised: Reals
    weights: Reals
    means: Reals
    scales: Reals
    dropped: list[int]
    intercept: float | None = None
    standardised_intercept: float | None = None
    train_scores: Reals | None = None
    held_out_scores: Reals | None = None
    losses: list[tuple[int, float]] = field(default_factory=list)
    iterations: int = 0
    attempts: int = 1
    period: int = 0
    terms: int = 0
    revealed: list[dict[str, Any]] = field(default_factory=list)
    notices: list[LocalNotice] = field(default_factory=list)
    rounds: int = 0
    sent: Counter[str] = field(default_factory=Counter)  # bytes to each peer by the protocol's formula (lr_traffic)


@dataclass(kw_only=True)
class DealerResult:
    """The dealer's outcome: public facts only."""

    iterations: int = 0
    attempts: int = 1
    period: int = 0
    terms: int = 0
    revealed: list[dict[str, Any]] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)


def opened(what: str, to: str, count: int) -> dict[str, Any]:
    """One entry of ``revealed``."""
    return {"what": what, "to": to, "count": int(count)}
