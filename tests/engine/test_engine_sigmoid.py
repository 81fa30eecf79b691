"""The sine series: exact coefficients, integers alike on every machine, and shares that add up to the sigmoid."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from simulate import shares_of, signed

from fedwarden.engine.errors import RangeError
from fedwarden.engine.kernels.sine import cosine_sum, sine_shares, sine_values, unit
from fedwarden.engine.lr_excess import TOLERATED_EXCESS, excess
from fedwarden.engine.plan import make_plan
from fedwarden.engine.series import circle, cosine_coefficients, cosine_constant, sine_coefficients

CIRCLE = tuple(np.array(part, dtype=np.int64) for part in circle())


def plan_for(rows: int, period: int = 32, terms: int = 14, columns: tuple[int, ...] = (3, 2)):
    return make_plan(
        rows, 0, columns, alpha=0.01, period=period, terms=terms, iterations=5, loss_every=0, check_every=20
    )


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(z / 2))


@pytest.mark.parametrize(("period", "terms"), [(16, 8), (32, 14), (64, 28)])
def test_coefficients_are_the_sine_integrals(period: int, terms: int) -> None:
    for k, value in enumerate(sine_coefficients(period, terms), start=1):
        odd = lambda z, k=k: (sigmoid(z) - 0.5 - z / period) * np.sin(2 * np.pi * k * z / period)  # noqa: E731
        expected = 4 / period * quad(odd, 0, period / 2, limit=400)[0]
        assert abs(value / 2**30 - expected) < 2e-9


@pytest.mark.parametrize(("period", "terms", "error"), [(32, 10, 1e-3), (32, 14, 1e-4), (64, 28, 1e-4), (32, 16, 3e-5)])
def test_the_series_is_the_sigmoid_inside_its_range(period: int, terms: int, error: float) -> None:
    z = np.linspace(-period / 2 - 4, period / 2 + 4, 4001)
    beta = np.array(sine_coefficients(period, terms)) / 2**30
    k = np.arange(1, terms + 1)
    series = 0.5 + z / period + np.sin(2 * np.pi * np.outer(z, k) / period) @ beta
    assert np.abs(series - sigmoid(z)).max() < error + sigmoid(np.array(-period / 2 + 4.0))
    gamma = np.array(cosine_coefficients(period, terms)) / 2**24
    inside = np.abs(z) < period / 2
    loss = z**2 / 2 / period + cosine_constant(period, 30) / 2**30 - np.cos(2 * np.pi * np.outer(z, k) / period) @ gamma
    assert np.abs(loss - np.logaddexp(z / 2, -z / 2))[inside].max() < error


def test_public_integers_are_the_same_on_every_machine() -> None:
    """Stored digests: another numpy, Python or processor must make the very same table, factors and plan."""
    table = np.concatenate(CIRCLE).astype("<i8").tobytes()
    assert hashlib.sha256(table).hexdigest() == "5b02828f3b56bd2300f9eff68f094c6b7d2de045a654ea9b53304c1ac94f482b"
    turns = np.arange(0, 2**64, 2**64 // 10_007, dtype=np.uint64)
    c, s = np.empty(turns.size, np.int32), np.empty(turns.size, np.int32)
    unit(turns, np.uint64(0), *CIRCLE, c, s)
    assert (
        hashlib.sha256(c.astype("<i8").tobytes() + s.astype("<i8").tobytes()).hexdigest()
        == "5e294f311716a1e25d119f03e140a65be10023e860b2f40f7e79c65958951434"
    )
    assert plan_for(30_000).digest().hex() == "92787013d2d4a4bbe6d693cc071b58ed2757fa4c40997c0611c4aa823c900780"
    assert plan_for(30_000).digest() != plan_for(30_001).digest()


def test_angles_are_exact_to_2_28() -> None:
    turns = np.random.default_rng(3).integers(0, 2**64, size=200_000, dtype=np.uint64)
    turns[:5] = [0, 2**62, 2**63, 2**64 - 1, 2**53]
    c, s = np.empty(turns.size, np.int32), np.empty(turns.size, np.int32)
    unit(turns, np.uint64(0), *CIRCLE, c, s)
    angle = turns.astype(np.float64) * (2 * np.pi / 2**64)
    assert max(np.abs(c - np.cos(angle) * 2**30).max(), np.abs(s - np.sin(angle) * 2**30).max()) < 4


def shared_sigmoid(z: np.ndarray, plan, parties: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The kernels as the parties and the dealer run them; decoded z/L + series, and the decoded loss cosines."""
    rng = np.random.default_rng(seed)
    x = np.rint(z * 2.0**plan.f_z).astype(np.int64).view(np.uint64)
    masks = rng.integers(0, 2**64, size=z.size, dtype=np.uint64)
    opened = x + np.uint64(1 << 62) + masks
    shift, turn = np.uint64(plan.link_shift), np.uint64(plan.turn_shift if plan.terms else 0)
    values = np.zeros((2 + 2 * plan.terms, z.size), dtype=np.uint64)
    sine_values(masks, shift, turn, plan.value_bits, *CIRCLE, values)
    sine, cosine = np.array(plan.sine, dtype=np.int64), np.array(plan.cosine, dtype=np.int64)
    total, cosines = np.zeros(z.size, dtype=np.uint64), np.zeros(1, dtype=np.uint64)
    for index, dealt in enumerate(shares_of(values, parties, rng)):
        out = np.empty(z.size, dtype=np.uint64)
        sine_shares(opened, dealt, shift, turn, plan.factor_bits, sine, *CIRCLE, index == 0, out)
        total += out
        cosines += cosine_sum(opened, dealt, turn, plan.cosine_down, cosine, *CIRCLE)
    return signed(total) / 2.0**plan.f_d, signed(cosines) / 2.0**plan.f_d


@given(
    parties=st.integers(2, 6),
    rows=st.sampled_from([2, 100, 569, 5_000, 30_000, 100_000, 1 << 20]),
    series=st.sampled_from([(16, 8), (32, 10), (32, 14), (64, 28), (128, 56), (512, 224)]),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=25, deadline=None)
def test_shares_add_up_to_the_series_whatever_the_scale(
    parties: int, rows: int, series: tuple[int, int], seed: int
) -> None:
    plan = plan_for(rows, *series)
    z = np.random.default_rng(seed).uniform(-1.4 * series[0], 1.4 * series[0], size=3000)
    z[:4] = [0.0, series[0] - 9, 9 - series[0], 1e-9]
    got, _ = shared_sigmoid(z, plan, parties, seed)
    beta = np.array(plan.sine) / 2**30
    k = np.arange(1, len(beta) + 1)
    expected = z / series[0] + np.sin(2 * np.pi * np.outer(z, k) / series[0]) @ beta
    # each of the 2K dealt values is rounded to 2^-(value_bits+1) and weighs β_k; public factors to 2^-(factor_bits+1)
    bound = 2.0 ** -(plan.value_bits + 1) * 2 * beta.sum() + 2.0 ** -(plan.factor_bits + 1) * 2 * len(beta) + 1e-4
    assert np.abs(got - expected).max() < bound
    assert abs((got - expected).mean()) < bound / 20


def test_the_taylor_sigmoid_is_a_quarter_of_z() -> None:
    plan = plan_for(30_000, 0, 0)
    z = np.linspace(-50, 50, 9001)
    got, _ = shared_sigmoid(z, plan, 3, 1)
    assert np.abs(got - z / 4).max() < 2.0 ** (1 - plan.f_d)


def test_loss_cosines_on_shares_are_the_series() -> None:
    plan = plan_for(30_000)
    z = np.random.default_rng(0).normal(size=30_000) * 3
    _, cosines = shared_sigmoid(z, plan, 3, 7)
    loss = np.sum(z**2) / 64 + z.size * plan.cosine_constant / 2.0**plan.loss_scale - cosines[0]
    assert abs(loss - np.logaddexp(z / 2, -z / 2).sum()) / z.size < 3e-5


def test_every_intermediate_fits_the_ring_for_all_public_sizes() -> None:
    """The bounds of protocol sections 1 and 5, recomputed from the plan for sizes from 2 rows up to the refusal."""
    for rows in [2, 3, 17, 569, 4095, 4096, 4097, 30_000, 131_073, 1 << 20, 3_000_000, 1 << 24]:
        for columns in [(1, 1), (14, 10), (50, 50, 1, 7, 9, 100)]:
            try:
                plan = plan_for(rows, columns=columns)
            except RangeError:
                assert rows >= 1 << 23
                continue
            norm = 2.0**7
            assert 2 * np.sqrt(rows * len(columns)) * norm * 2.0**plan.f_z <= 2.0**62
            assert 2.0 * rows * 8 * 2.0 ** (plan.f_x + plan.f_d) <= 2.0**62
            assert norm * 2.0 ** (plan.f_r + plan.f_w + 7) <= 2.0**62
            assert all(1 <= shift <= 62 for shift in (*plan.shifts, plan.link_shift))
            assert 0 <= plan.turn_shift <= 63
            chunks = plan.chunks(3)
            covered = sorted((start, stop) for _, _, start, stop in chunks)
            assert covered[0][0] == 0 and covered[-1][1] == rows
            assert all(a[1] == b[0] for a, b in pairwise(covered))


@pytest.mark.parametrize("series", [(33, 14), (2, 1), (1024, 10), (32, 0), (32, 33)])
def test_series_that_do_not_exist_are_refused(series: tuple[int, int]) -> None:
    with pytest.raises(RangeError):
        plan_for(100, *series)


def test_excess_tells_one_outlier_among_many_from_a_real_overflow() -> None:
    many = np.zeros(30_000)
    many[0] = 24.2
    assert 0 < excess(many, 32) < TOLERATED_EXCESS
    few = np.zeros(500)
    few[:20] = 30.0
    assert excess(few, 32) > TOLERATED_EXCESS
    assert excess(few, 64) == 0
    assert excess(np.array([0.0, 400.0]), 32) > 1
