"""The sine series of the sigmoid and a table of the circle, as integers every machine computes alike.

σ(z) ≈ 1/2 + z/L + Σ β_k sin(2πkz/L) (protocol, section 4). β_k are the exact sine coefficients of σ(z) − 1/2 − z/L
on (−L/2, L/2):
with a = 2πk/L, tanh's transform ∫ sin(az)/(e^z + 1) dz over (0, ∞) = 1/(2a) − π/(2 sinh πa) gives
β_k = (4/L)·(π/(2 sinh πa) + (−1)^k Σ_m (−1)^(m+1) a e^(−mL/2)/(m² + a²)).
Everything is made by ``decimal`` (correctly rounded by definition) or Python integers: no float, no numpy.
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from functools import lru_cache

PI = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798"
TABLE_BITS = 10  # entries per turn: 2^10
ANGLE_BITS = 30  # (cos, sin), sine coefficients
COSINE_BITS = 24  # coefficients of the loss series, which reach L/(2π²)
_FIXED = 160


@lru_cache(maxsize=16)
def sine_coefficients(period: int, terms: int) -> tuple[int, ...]:
    """round(β_k·2^30) for k = 1 … terms; ``period`` is L."""
    with localcontext(Context(prec=60)):
        return tuple(_rounded(_beta(period, k), ANGLE_BITS) for k in range(1, terms + 1))


@lru_cache(maxsize=16)
def cosine_coefficients(period: int, terms: int) -> tuple[int, ...]:
    """round(β_k·L/(2πk)·2^24): log 2cosh(z/2) ≈ z²/(2L) + c_0 − Σ of these times cos(2πkz/L)."""
    with localcontext(Context(prec=60)):
        return tuple(_rounded(_gamma(period, k), COSINE_BITS) for k in range(1, terms + 1))


@lru_cache(maxsize=16)
def cosine_constant(period: int, bits: int) -> int:
    """round(c_0·2^bits), c_0 = log 2 + Σ_{k ≥ 1} β_k·L/(2πk), summed until the terms vanish."""
    with localcontext(Context(prec=60)):
        total, k = Decimal(2).ln(), 1
        while (term := _gamma(period, k)) > Decimal("1e-25"):
            total, k = total + term, k + 1
        return _rounded(total, bits)


@lru_cache(maxsize=1)
def circle() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """round(2^30·cos(2πi/2^10)) and the sines, i = 0 … 2^10 − 1."""
    with localcontext(Context(prec=110)):
        two_pi = int((Decimal(PI) * 2).scaleb(0) * (1 << _FIXED))
    size = 1 << TABLE_BITS
    pairs = [_cos_sin(two_pi * i >> TABLE_BITS) for i in range(size // 4)]
    quarter = 1 << ANGLE_BITS
    cosines = [c for c, _ in pairs] + [-s for _, s in pairs] + [-c for c, _ in pairs] + [s for _, s in pairs]
    sines = [s for _, s in pairs] + [c for c, _ in pairs] + [-s for _, s in pairs] + [-c for c, _ in pairs]
    assert cosines[0] == quarter and sines[size // 4] == quarter
    return tuple(cosines), tuple(sines)


def _beta(period: int, k: int) -> Decimal:
    pi = Decimal(PI)
    a = 2 * pi * k / period
    growth = (pi * a).exp()
    total = pi / (growth - 1 / growth)
    tail, m = Decimal(0), 1
    while (term := a * (Decimal(-m * period) / 2).exp() / (m * m + a * a)) > Decimal("1e-40"):
        tail += term if m % 2 else -term
        m += 1
    return 4 * (total + (tail if k % 2 == 0 else -tail)) / period


def _gamma(period: int, k: int) -> Decimal:
    return _beta(period, k) * period / (2 * Decimal(PI) * k)


def _rounded(value: Decimal, bits: int) -> int:
    return int((value * (1 << bits)).to_integral_value())


def _cos_sin(angle: int) -> tuple[int, int]:
    """(cos, sin) at 2^30 of an angle in radians at 2^160, by Taylor's series in integers."""
    sums, term, k = [0, 0], 1 << _FIXED, 0
    while term:
        sums[k % 2] += term if k % 4 < 2 else -term
        k += 1
        term = (term * angle >> _FIXED) // k
    half = 1 << (_FIXED - ANGLE_BITS - 1)
    return (sums[0] + half) >> (_FIXED - ANGLE_BITS), (sums[1] + half) >> (_FIXED - ANGLE_BITS)
