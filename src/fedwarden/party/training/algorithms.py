"""Which function of the engine trains which algorithm, and the job's options in the engine's own words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine import linr, lr
from fedwarden.engine.checkpoint import Checkpoint, Keep, Position
from fedwarden.engine.context import DealerContext, PartyContext
from fedwarden.engine.linr import LinrOptions
from fedwarden.engine.lr_options import LrOptions
from fedwarden.engine.result import DealerResult, PartyResult, Progress

Reals = NDArray[np.float64]


def train_party(
    algorithm: str,
    ctx: PartyContext,
    features: Reals,
    label: Reals | None,
    training: int,
    options: dict[str, Any],
    progress: Progress,
    keep: Keep,
    start: Checkpoint | None,
) -> PartyResult:
    """A data party's training; ``features`` (rows, columns), training rows first, ``label`` (rows) at the guest.

    Linear regression is over before a checkpoint would pay: it keeps none and always begins anew.
    """
    if algorithm == "hetero_lr":
        return lr.train_party(ctx, features, label, training, lr_options(options), progress, keep, start)
    return linr.train_party(ctx, features, label, training, linr_options(options), progress)


def train_dealer(
    algorithm: str, ctx: DealerContext, options: dict[str, Any], progress: Progress, start: Position | None
) -> DealerResult:
    """The arbiter's training: it deals randomness and sees sizes."""
    if algorithm == "hetero_lr":
        return lr.train_dealer(ctx, lr_options(options), progress, start)
    return linr.train_dealer(ctx, linr_options(options), progress)


def lr_options(options: dict[str, Any]) -> LrOptions:
    return LrOptions(
        alpha=float(options["alpha"]),
        max_iter=int(options["max_iter"]),
        sigmoid=str(options["sigmoid"]),
        loss_every=int(options["loss_every"]),
        checkpoint_every=int(options.get("checkpoint_every", 0)),
    )


def linr_options(options: dict[str, Any]) -> LinrOptions:
    return LinrOptions(alpha=float(options["alpha"]))
