"""The job plan of one attempt of logistic regression: every public integer, made from public sizes and options.

Each role computes it by itself with the same integer arithmetic; all compare its hash before anything secret moves.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from decimal import Context, Decimal, localcontext
from math import isqrt

from fedwarden.engine.errors import RangeError
from fedwarden.engine.ring import LIMIT_BITS
from fedwarden.engine.series import ANGLE_BITS, COSINE_BITS, cosine_coefficients, cosine_constant, sine_coefficients

VERSION = 1
MOMENTUM_BITS = 7
NORM_BITS = 14  # the tripwire: Σ‖w̃‖² stays below 2^14
NORM_GRID = 8  # … and is opened in units of 2^8 only
SCORE_BITS = 12
LOSS_BITS = 20
SQUARE_BITS = 11  # scale of z in the loss
CHECK_BITS = 10  # scale of w̃ in the tripwire
OFFSET_BITS = 30  # fraction bits of the intercept's offset rows
INTERCEPT_BITS = 20
LARGEST_PERIOD = 512
SINGLE_RANGE_ROWS = 4096
_CHUNK_BYTES = 1 << 21


@dataclass(frozen=True)
class Plan:
    """``columns``: matrix columns of each data role in order (the guest's includes the intercept's); scales in bits."""

    version: int
    rows: int
    held_out: int
    columns: tuple[int, ...]
    alpha: str
    period: int  # L; 0 for the Taylor sigmoid
    sine: tuple[int, ...]  # β_k at 2^30
    cosine: tuple[int, ...]  # γ_k at 2^24
    cosine_constant: int  # at loss_scale
    momentum: tuple[int, ...]  # β_t at 2^MOMENTUM_BITS
    loss_every: int
    check_every: int
    checkpoint_every: int
    f_x: int
    f_d: int
    f_w: int
    f_r: int

    @property
    def iterations(self) -> int:
        return len(self.momentum)

    @property
    def terms(self) -> int:
        return len(self.sine)

    @property
    def log_rows(self) -> int:
        """⌊log2 rows⌋: gradients are means in units of rows/2^log_rows."""
        return self.rows.bit_length() - 1

    @property
    def f_z(self) -> int:
        """Scale of z in training: the momentum's bits are carried along."""
        return self.f_x + self.f_w + MOMENTUM_BITS

    @property
    def link_shift(self) -> int:
        """Truncation that turns z into z/L (or z/4) at f_d."""
        return self.f_z - self.f_d + (self.period.bit_length() - 1 if self.period else 2)

    @property
    def turn_shift(self) -> int:
        """64 − m with 2^m = L·2^f_z: one period of z is one turn."""
        return 64 - self.f_z - (self.period.bit_length() - 1)

    @property
    def value_bits(self) -> int:
        """Scale of the dealt cosines; the public factors carry the rest of f_d."""
        return self.f_d // 2 - 1

    @property
    def factor_bits(self) -> int:
        return self.f_d - self.value_bits

    @property
    def cosine_down(self) -> int:
        return ANGLE_BITS + COSINE_BITS - self.factor_bits

    @property
    def square_scale(self) -> int:
        """Scale at which Σ z² counts as Σ z²/(2L) (or z²/8)."""
        return 2 * SQUARE_BITS + (self.period.bit_length() if self.period else 3)

    @property
    def loss_scale(self) -> int:
        return max(self.square_scale, self.f_d)

    @property
    def shifts(self) -> tuple[int, int, int]:
        """Truncations of the gradient, of the L2 part and of the weights in the update, all to f_w."""
        return self.f_x + self.f_d + self.log_rows - self.f_w, self.f_r + MOMENTUM_BITS, MOMENTUM_BITS

    @property
    def chunk_rows(self) -> int:
        return max(1024, _CHUNK_BYTES // (8 * (2 + 2 * self.terms)) // 8 * 8)

    def chunks(self, iteration: int) -> list[tuple[int, int, int, int]]:
        """(range, turn of its last party, first row, end row): dealt messages of the link, in sending order."""
        parties = len(self.columns)
        if self.rows <= SINGLE_RANGE_ROWS:
            bounds, turns = [0, self.rows], [iteration]
        else:
            bounds = [self.rows * i // parties for i in range(parties)] + [self.rows]
            turns = list(range(parties))
        parts = [
            (start - bounds[i], i, turns[i], start, min(start + self.chunk_rows, bounds[i + 1]))
            for i in range(len(turns))
            for start in range(bounds[i], bounds[i + 1], self.chunk_rows)
        ]
        return [part[1:] for part in sorted(parts)]

    def loss_wanted(self, iteration: int) -> bool:
        return self.loss_every > 0 and iteration % self.loss_every == 0

    def check_wanted(self, iteration: int) -> bool:
        """The tripwire runs after this iteration."""
        return (iteration + 1) % self.check_every == 0 or iteration + 1 == self.iterations

    def checkpoint_wanted(self, iteration: int) -> bool:
        """Every data party keeps its shares after this iteration."""
        return (iteration + 1) % self.checkpoint_every == 0 or iteration + 1 == self.iterations

    def digest(self) -> bytes:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()).digest()


def make_plan(
    rows: int,
    held_out: int,
    columns: tuple[int, ...],
    *,
    alpha: float,
    period: int,
    terms: int,
    iterations: int,
    loss_every: int,
    check_every: int,
    checkpoint_every: int = 0,
) -> Plan:
    """Scales from public sizes alone. ``period`` 0 means the Taylor sigmoid, ``checkpoint_every`` 0 what the sizes
    suggest. Raises RangeError when no safe scales exist."""
    if rows < 2 or iterations < 1 or check_every < 1:
        raise RangeError(what="rows", bound=2)
    if period and (period & (period - 1) or not 4 <= period <= LARGEST_PERIOD or not 1 <= terms <= period):
        raise RangeError(what="sigmoid period", bound=LARGEST_PERIOD)
    ceil_log = (rows - 1).bit_length()
    f_x = 16 if ceil_log <= 12 else 15 if ceil_log <= 17 else 14 if ceil_log <= 20 else 13
    f_d = min(32, 58 - ceil_log - f_x)
    # |z| ≤ Σ_p 2√n·‖w̃_p‖ ≤ 2√(n·parties)·2^(NORM_BITS/2): half the bits of its square, rounded up
    z_bits = (((4 * rows * len(columns) << NORM_BITS) - 1).bit_length() + 1) // 2
    f_w = min(24, LIMIT_BITS - f_x - MOMENTUM_BITS - z_bits)
    if f_w < 16 or f_d < 20 or sum(columns) > 1 << 16:
        raise RangeError(what="rows", bound=1 << 24)
    sine = sine_coefficients(period, terms) if period else ()
    draft = Plan(
        version=VERSION,
        rows=rows,
        held_out=held_out,
        columns=columns,
        alpha=float(alpha).hex(),
        period=period,
        sine=sine,
        cosine=cosine_coefficients(period, terms) if period else (),
        cosine_constant=0,
        momentum=_momentum(columns, alpha, iterations),
        loss_every=loss_every,
        check_every=check_every,
        checkpoint_every=checkpoint_every or _checkpoint_every(rows, sum(columns)),
        f_x=f_x,
        f_d=f_d,
        f_w=f_w,
        f_r=22,
    )
    constant = cosine_constant(period, draft.loss_scale) if period else _log_two(draft.loss_scale)
    return Plan(**{**asdict(draft), "cosine_constant": constant})


def _checkpoint_every(rows: int, columns: int) -> int:
    """So that about two seconds of work are lost at most, and writing costs a hundredth of the work at most."""
    microseconds = 3000 + rows * (500 + 2 * columns) // 1000  # of an iteration, as benchmarks have it
    return max(5, min(40, 2_000_000 // microseconds))


def held_out_limit(plan: Plan) -> float:
    """Largest row norm of X̃ that a scored row outside the training part may have (training rows stay below 2√n)."""
    parties = isqrt(4 * len(plan.columns))
    return float(2 ** (LIMIT_BITS - plan.f_x - plan.f_w - NORM_BITS // 2) // max(parties, 1))


def _momentum(columns: tuple[int, ...], alpha: float, iterations: int) -> tuple[int, ...]:
    """β_t = t/(t + 3) up to the best constant momentum (1 − √q)/(1 + √q) (Nesterov 2004, section 2.2.1), at
    2^MOMENTUM_BITS.

    q, the least curvature in preconditioned coordinates, is at least alpha/(blocks·d/4 + alpha): the correlation
    matrix of the widest
    block has no eigenvalue above its d columns.
    """
    features = [columns[0] - 1, *columns[1:]]
    widest = max(1, len([count for count in features if count])) * max(1, *features)
    with localcontext(Context(prec=40)):
        root = (Decimal(alpha) / (Decimal(widest) / 4 + Decimal(alpha))).sqrt()
        limit = int((1 - root) / (1 + root) * (1 << MOMENTUM_BITS))
    return tuple(min(t * (1 << MOMENTUM_BITS) // (t + 3), limit) for t in range(iterations))


def _log_two(bits: int) -> int:
    with localcontext(Context(prec=60)):
        return int((Decimal(2).ln() * (1 << bits)).to_integral_value())
