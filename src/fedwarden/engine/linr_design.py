"""A party's own numbers for linear regression: preconditioned columns in the ring, its diagonal block, its label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fedwarden.engine.errors import BadInput
from fedwarden.engine.linr_plan import LinrPlan
from fedwarden.engine.precondition import Reals, Standardised, preconditioner
from fedwarden.engine.ring import Ring, encode, encode_columns


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
    """``data``: (columns, rows) at x_scale, the guest's with the label as its last column; ``precondition`` (d, d);
    ``block`` (d, d): the diagonal block of G; ``label_part`` (d): the guest's own X̃ᵀy/n, zeros at hosts.
    """

    data: Ring
    precondition: Reals
    block: Reals
    label_part: Reals
    clipped: int


def build(plan: LinrPlan, own: Standardised, label: Label | None) -> Design:
    """Raises RangeError where a value cannot be represented."""
    n, alpha = plan.rows, float.fromhex(plan.alpha)
    training = own.values[:n]
    d = own.values.shape[1]
    p = preconditioner(own.values, n, 1, 1.0, alpha)
    block = p @ (training.T @ training / n + alpha * np.eye(d)) @ p
    rows = own.values @ (p * plan.unit)
    clipped = _clip(rows[n:], plan.row_limit)
    extra = 0 if label is None else 1
    data = np.empty((d + extra, len(rows)), dtype=np.uint64)
    data[:d] = encode_columns(rows, plan.x_scale)
    part = np.zeros(d)
    if label is not None:
        data[d, :n] = encode(label.values * plan.unit, plan.x_scale)
        data[d, n:] = 0  # held-out labels take no part
        part = p @ (training.T @ label.values) / n
    return Design(data, p, (block + block.T) / 2, part, clipped)


def _clip(rows: Reals, limit: float) -> int:
    """Shortens rows longer than ``limit`` in place; how many there were."""
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    far = norms > limit
    if far.any():
        rows[far] *= (limit / norms[far])[:, None]
    return int(far.sum())
