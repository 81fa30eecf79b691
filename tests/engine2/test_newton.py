"""The shared solution of G·w = b equals numpy's, for every party count and spectrum in the promised range."""

from __future__ import annotations

import numpy as np
import pytest
from shared_solution import solve_shared

from fedwarden.engine import newton


def system(d: int, smallest: float, parties: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(d, d)))
    spectrum = np.geomspace(smallest, parties, d)
    g = (q * spectrum) @ q.T
    w = rng.normal(size=d)
    w /= np.sqrt(w @ g @ w)  # explained variance 1, as with a standardised label
    return g, g @ w


@pytest.mark.parametrize("parties", [2, 3, 6])
@pytest.mark.parametrize("smallest", [0.5, 2.0**-8, 2.0**-13])
def test_the_solution_equals_numpys(parties: int, smallest: float) -> None:
    g, b = system(9, smallest, parties, seed=parties)
    plan = newton.schedule(9, parties, smallest)
    assert not plan.regularised
    w, _ = solve_shared(plan, g, b)
    exact = np.linalg.solve(g, b)
    assert np.abs(w - exact).max() < 1e-6 / smallest**0.5


def test_an_unbounded_spectrum_is_regularised_and_refined_back() -> None:
    g, b = system(9, 2.0**-12, 2, seed=1)
    plan = newton.schedule(9, 2, 0.0)
    assert plan.regularised
    w, _ = solve_shared(plan, g, b)
    assert np.abs(w - np.linalg.solve(g, b)).max() < 1e-4


def test_a_singular_system_gives_the_solution_of_least_norm() -> None:
    rng = np.random.default_rng(4)
    q, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    g = (q * np.array([2, 1.5, 1, 1, 0.5, 0.1, 0, 0])) @ q.T
    b = g @ rng.normal(size=8) / 4
    w, _ = solve_shared(newton.schedule(8, 2, 0.0), g, b)
    assert np.abs(w - np.linalg.pinv(g, rcond=1e-10, hermitian=True) @ b).max() < 1e-4


def test_one_column_and_no_column_work() -> None:
    w, _ = solve_shared(newton.schedule(1, 2, 0.25), np.array([[0.5]]), np.array([0.25]))
    assert w == pytest.approx([0.5], abs=1e-7)
    w, _ = solve_shared(newton.schedule(0, 2, 0.25), np.empty((0, 0)), np.empty(0))
    assert w.shape == (0,)


def test_the_course_depends_on_public_sizes_only_and_the_dealer_receives_nothing() -> None:
    shapes = []
    for seed in (1, 2):
        g, b = system(5, 0.01, 3, seed)
        _, world = solve_shared(newton.schedule(5, 3, 0.01), g, b)
        shapes.append(sorted((m.frm, m.to, m.tag, [a.shape for a in m.arrays]) for m in world.messages))
        assert all(m.tag.startswith("attempt.") for m in world.inbox("arbiter"))
    assert shapes[0] == shapes[1]


def test_ring_products_wrap_like_integers() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 2**64, size=s, dtype=np.uint64) for s in ((5, 7), (7, 6)))
    exact = (a.astype(object) @ b.astype(object)) % 2**64
    assert (newton.matmul(a, b).astype(object) == exact).all()
    wide = rng.integers(0, 2**64, size=(6, 1537), dtype=np.uint64)
    tall = rng.integers(0, 2**64, size=(5, 1537), dtype=np.uint64)
    out = np.zeros((6, 5), dtype=np.uint64)
    newton.dense.gram(wide, tall, out, 3, 1530)
    assert (out.astype(object) == (wide[:, 3:1530].astype(object) @ tall[:, 3:1530].T.astype(object)) % 2**64).all()
