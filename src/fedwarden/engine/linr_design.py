"""A party's own numbers for linear regression: preconditioned columns in the ring, its diagonal block, its label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fedwarden.engine.errors import BadInput
from fedwarden.engine.executor import Executor
from fedwarden.engine.linr_plan import LinrPlan
from fedwarden.engine.precondition import Reals, Standardised, preconditioner, row_blocks, shorten_rows
from fedwarden.engine.ring import encode
from fedwarden.engine.tall import Tall


@dataclass(frozen=True)
class Label:
    """A label's centre and deviation over the training rows; deviation = mantissa·2^exponent, mantissa in [0.5, 1)."""

    mean: float
    mantissa: float
    exponent: int
    values: Reals  # standardised training labels

    @property
    def deviation(self) -> float:
        return math.ldexp(self.mantissa, self.exponent)


def label_of(y: Reals, rows: int) -> Label:
    """Raises BadInput for labels that are not finite. A constant label stands as zeros with deviation 1/2."""
    y = np.asarray(y, dtype=np.float64)
    if not np.isfinite(y).all():
        raise BadInput(what="label not finite")
    training = y[:rows]
    mean = float(training.mean())
    centred = training - mean
    deviation = float(np.sqrt(np.mean(centred**2)))
    if deviation <= 1e-12 * abs(mean):  # a constant, up to rounding
        return Label(mean, 0.5, 0, np.zeros(rows))
    mantissa, exponent = math.frexp(deviation)
    return Label(mean, mantissa, exponent, centred / deviation)


@dataclass(frozen=True)
class Design:
    """``data``: the matrix at x_scale, the guest's with the label as its last column; ``precondition`` (d, d);
    ``block`` (d, d): the diagonal block of G; ``label_part`` (d): the guest's own X̃ᵀy/n, zeros at hosts.
    """

    data: Tall
    precondition: Reals
    block: Reals
    label_part: Reals
    clipped: int


def build(plan: LinrPlan, own: Standardised, label: Label | None, executor: Executor) -> Design:
    """Raises RangeError where a value cannot be represented."""
    n, alpha, moments = plan.rows, float.fromhex(plan.alpha), own.moments()
    d = len(moments)
    p = preconditioner(moments, 1, 1.0, alpha)
    block = p @ (moments + alpha * np.eye(d)) @ p
    data = executor.room(d if label is None else d + 1, own.rows)
    clipped, part = 0, np.zeros(d)
    for start, stop in (*row_blocks(0, n, len(p)), *row_blocks(n, own.rows, len(p))):
        values = own.block(start, stop)
        if label is not None and stop <= n:
            part += values.T @ label.values[start:stop]
        rows = values @ (p * plan.unit)
        if start >= n:
            clipped += shorten_rows(rows, plan.row_limit)
        data.write(0, start, encode(rows.T, plan.x_scale))
    if label is not None:
        column = np.zeros((1, own.rows), dtype=np.uint64)  # held-out labels take no part
        column[0, :n] = encode(label.values * plan.unit, plan.x_scale)
        data.write(d, 0, column)
    return Design(data, p, (block + block.T) / 2, p @ part / n, clipped)
