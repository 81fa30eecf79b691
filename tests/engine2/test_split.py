"""Held-out rows: the asked share, stratified, repeatable for the guest and for nobody else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedwarden.engine.errors import SplitImpossible
from fedwarden.engine.split import choose_validation_rows, train_first


def names(n: int) -> list[str]:
    return [f"id{i}" for i in range(n)]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=200), st.floats(0.01, 0.99), st.sampled_from([None, 7]))
def test_each_class_gives_its_share_and_keeps_a_row(labels: list[bool], fraction: float, seed: int | None) -> None:
    y = np.array(labels, dtype=float)
    n, wanted = len(y), round(len(y) * fraction)
    if not 1 <= wanted <= n - 1:
        with pytest.raises(SplitImpossible):
            choose_validation_rows(names(n), y, fraction, stratify=True, seed=seed)
        return
    held = choose_validation_rows(names(n), y, fraction, stratify=True, seed=seed)
    assert held.sum() == wanted
    for cls in (0, 1):
        size, out = int((y == cls).sum()), int(held[y == cls].sum())
        assert abs(out - wanted * size / n) <= 1
        if size > 1 and n - wanted > 1:
            assert out < size  # training sees both classes
    order = train_first(held)
    assert sorted(order.tolist()) == list(range(n))
    assert not held[order[: n - wanted]].any() and held[order[n - wanted :]].all()


def test_no_fraction_holds_nothing_out_and_impossible_ones_are_refused() -> None:
    y = np.array([0.0, 1.0, 1.0])
    assert not choose_validation_rows(names(3), y, 0, stratify=True).any()
    for fraction in (0.05, 0.95, 1.0, -0.1, float("nan")):
        with pytest.raises(SplitImpossible) as caught:
            choose_validation_rows(names(3), y, fraction, stratify=False)
        assert caught.value.rows == 3
    with pytest.raises(SplitImpossible):
        choose_validation_rows(names(1), y[:1], 0.5, stratify=False)


def test_a_seed_gives_the_same_ids_whatever_their_order() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(500) < 0.3).astype(float)
    ids = names(500)
    first = choose_validation_rows(ids, y, 0.2, stratify=True, seed=5)
    again = rng.permutation(500)
    second = choose_validation_rows([ids[i] for i in again], y[again], 0.2, stratify=True, seed=5)
    assert {ids[i] for i in np.flatnonzero(first)} == {ids[i] for i in again[second]}
    other = choose_validation_rows(ids, y, 0.2, stratify=True, seed=6)
    assert (first != other).any()


def test_the_seed_alone_does_not_repeat_the_lot() -> None:
    """Who knows seed and ids but not the guest's table must not be able to compute which rows the lot prefers."""
    y = (np.arange(400) % 3 == 0).astype(float)
    flipped = y.copy()
    flipped[17] = 1 - flipped[17]
    drawn = [
        choose_validation_rows(names(400), y, 0.2, stratify=True, seed=5),
        choose_validation_rows(names(400), flipped, 0.2, stratify=True, seed=5),
        choose_validation_rows(names(400), y, 0.2, stratify=True, seed=5, private=[b"features"]),
    ]
    for a in range(3):
        for b in range(a):
            assert (drawn[a] != drawn[b]).sum() > 60  # unrelated: about 128 expected


def test_without_a_seed_every_row_is_as_likely_as_any_other() -> None:
    y = np.array([0.0, 1.0] * 20)
    hits = np.zeros(40)
    for _ in range(600):
        hits += choose_validation_rows(names(40), y, 0.25, stratify=True)
    expected = 150
    assert float(((hits - expected) ** 2 / (expected * 0.75)).sum()) < 95  # about 38 degrees of freedom
