"""A vertical linear regression between simulated roles, beside scikit-learn's ridge on the pooled columns."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))
from simulate import DEALER, World, data_roles, run_parties

from fedwarden.engine import linr
from fedwarden.engine.result import DealerResult, PartyResult


@dataclass
class Outcome:
    parties: dict[str, PartyResult]
    dealer: DealerResult
    world: World
    progress: dict[str, list[tuple[int, int, float | None]]]

    @property
    def standardised(self) -> np.ndarray:
        return np.concatenate([r.standardised for r in self.parties.values()])

    @property
    def weights(self) -> np.ndarray:
        return np.concatenate([r.weights for r in self.parties.values()])


def train(tables: list[np.ndarray], y: np.ndarray, alpha: float, held_out: int = 0, record: bool = False) -> Outcome:
    roles = data_roles(len(tables))
    world = World((*roles, DEALER), record=record)
    options = linr.LinrOptions(alpha=alpha)
    steps: dict[str, list] = {r: [] for r in (*roles, DEALER)}

    def party(ctx):
        labels = y if ctx.index == 0 else None
        tell = lambda *args: steps[ctx.role].append(args)  # noqa: E731
        return linr.train_party(ctx, tables[ctx.index], labels, len(y) - held_out, options, tell)

    results = run_parties(
        len(tables),
        party,
        lambda ctx: linr.train_dealer(ctx, options, lambda *args: steps[DEALER].append(args)),
        world,
    )
    dealer = results.pop(DEALER)
    return Outcome({r: results[r] for r in roles}, dealer, world, steps)


def pooled(tables: list[np.ndarray], y: np.ndarray, alpha: float, held_out: int = 0) -> tuple[Ridge, np.ndarray]:
    """scikit-learn's ridge on the standardised pooled training rows, and all rows standardised."""
    n = len(y) - held_out
    x = np.hstack(tables)
    scales = x[:n].std(axis=0)
    z = (x - x[:n].mean(axis=0)) / np.where(scales > 0, scales, 1)
    return Ridge(alpha=n * alpha, solver="svd").fit(z[:n], y[:n]), z
