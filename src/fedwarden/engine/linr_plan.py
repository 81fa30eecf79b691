"""The plan of a linear regression in one pass: scales and steps from public sizes and options alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from fedwarden.engine.context import as_bytes_array, receive_bytes
from fedwarden.engine.errors import BadInput, PlanMismatch, RangeError
from fedwarden.engine.net import Net
from fedwarden.engine.newton import Schedule, schedule
from fedwarden.engine.ring import LIMIT_BITS

VERSION = 1
LARGEST_X_SCALE = 26
SCORED_W_SCALE = 20  # weights in the product that gives scores
SCORE_BITS = 12  # scores are opened in units of 2^-12 of the label's deviation
LARGEST_W_BITS = 7  # ‖w̃‖ ≤ 2^6.5: its quadratic form in G is the explained variance, at most 1
PLAN = "linr.plan"


@dataclass(frozen=True, kw_only=True)
class LinrOptions:
    """``alpha``: L2 strength; the objective is mean squared error / 2 + alpha/2·‖w‖² on standardised features."""

    alpha: float = 0.01


@dataclass(frozen=True)
class LinrPlan:
    """``columns``: feature columns of each data role in order (constants dropped), guest first."""

    version: int
    rows: int  # training rows
    held_out: int
    columns: tuple[int, ...]
    alpha: str  # float.hex
    course: Schedule

    @property
    def log_rows(self) -> int:
        """⌈log2 rows⌉: matrices carry √(2^log_rows/rows), so that a mean over rows is a shift by log_rows."""
        return (self.rows - 1).bit_length()

    @property
    def unit(self) -> float:
        return float(np.sqrt(2.0**self.log_rows / self.rows))

    @property
    def x_scale(self) -> int:
        """Columns have X̃ᵀX̃/n ≤ 1, so sums over rows stay below 2^(2·x_scale + log_rows) ≤ 2^61."""
        return min(LARGEST_X_SCALE, (LIMIT_BITS - 1 - self.log_rows) // 2)

    @property
    def gram_scale(self) -> int:
        """Scale of X̃ᵀX̃/n before truncation."""
        return 2 * self.x_scale + self.log_rows

    @property
    def row_limit(self) -> float:
        """Largest norm of one party's part of a row that can be scored; training rows have at most 2^(log_rows/2)."""
        bits = LIMIT_BITS - 1 - LARGEST_W_BITS - self.x_scale - SCORED_W_SCALE
        return float(2.0**bits / np.sqrt(len(self.columns)))

    @property
    def iterations(self) -> int:
        return self.course.steps + self.course.refinements

    def slices(self) -> list[slice]:
        """Each role's range of the joint coefficient vector."""
        ends = np.cumsum((0, *self.columns)).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]

    def digest(self) -> bytes:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()).digest()


def make_plan(rows: int, held_out: int, columns: tuple[int, ...], options: LinrOptions) -> LinrPlan:
    """Raises BadInput where no party has a column, or alpha is no finite number ≥ 0; RangeError for too many rows."""
    widest = max(columns)
    if not widest:
        raise BadInput(what="no features")
    if not 0 <= options.alpha < np.inf:
        raise BadInput(what="alpha")
    if rows < 2 or rows > 1 << 28 or sum(columns) > 1 << 14:
        raise RangeError(what="rows", bound=1 << 28)
    # standardised columns have a correlation matrix of trace d, so a block's P(C + αI)P is at least α/(d + α) of αPP
    smallest = options.alpha / (widest + options.alpha)
    blocks = sum(1 for c in columns if c)
    course = schedule(sum(columns), blocks, smallest)
    return LinrPlan(VERSION, rows, held_out, columns, float(options.alpha).hex(), course)


def agree(net: Net, others: tuple[str, ...], plan: LinrPlan) -> None:
    """Compares the plan with every other role's. Raises PlanMismatch."""
    digest = plan.digest()
    for role in others:
        net.send(role, PLAN, as_bytes_array(digest))
    for role in others:
        if receive_bytes(net, role, PLAN, len(digest)) != digest:
            raise PlanMismatch(peer=role)
