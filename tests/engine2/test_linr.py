"""Linear regression under sharing is the pooled ridge, whatever the design, and nobody else learns anything of it."""

from __future__ import annotations

import numpy as np
import pytest
from ridge_case import Outcome, pooled, train
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score

from fedwarden.engine.errors import BadInput, PlanMismatch

AIM = 1e-4  # of the label's deviation, in each standardised coefficient


def check(tables: list[np.ndarray], y: np.ndarray, alpha: float, held_out: int = 0, within: float = AIM) -> Outcome:
    n = len(y) - held_out
    got = train(tables, y, alpha, held_out)
    ridge, z = pooled(tables, y, alpha, held_out)
    assert np.abs(got.standardised - ridge.coef_).max() < within * y[:n].std()
    guest = got.parties["guest"]
    assert guest.train_scores is not None and guest.held_out_scores is not None
    scores = np.concatenate([guest.train_scores, guest.held_out_scores])
    assert np.abs(scores - ridge.predict(z)).max() < (within * 50 + 2.0**-11) * y[:n].std()
    assert r2_score(y[:n], guest.train_scores) == pytest.approx(ridge.score(z[:n], y[:n]), abs=1e-4)
    # in the columns' own units too
    raw = np.hstack(tables) @ got.weights + sum(r.intercept for r in got.parties.values())
    assert np.abs(raw - ridge.predict(z)).max() < 50 * within * y[:n].std()
    loss = np.mean((y[:n] - ridge.predict(z[:n])) ** 2) / 2
    assert guest.losses == [(guest.iterations, pytest.approx(loss, rel=1e-3, abs=1e-4 * y.var()))]
    return got


def generated(rows: int, columns: int, seed: int, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) @ (np.eye(columns) + 0.3 * rng.normal(size=(columns, columns)))
    return x, x @ rng.normal(size=columns) + noise * rng.normal(size=rows) * columns**0.5 + 3


@pytest.mark.parametrize("alpha", [0.0, 1e-5, 0.01, 1.0, 100.0])
def test_diabetes_equals_the_pooled_ridge_at_every_strength(alpha: float) -> None:
    x, y = load_diabetes(return_X_y=True, scaled=False)
    check([x[:, :4], x[:, 4:]], y, alpha, within=1e-6)


def test_held_out_rows_take_no_part_and_are_scored() -> None:
    x, y = load_diabetes(return_X_y=True, scaled=False)
    got = check([x[:, :4], x[:, 4:]], y, 0.01, held_out=90)
    assert len(got.parties["guest"].held_out_scores) == 90
    other = y.copy()
    other[-90:] = 1e6
    again = train([x[:, :4], x[:, 4:]], other, 0.01, held_out=90)
    assert np.abs(again.standardised - got.standardised).max() < 1e-5 * y.std()


@pytest.mark.parametrize("parties", [3, 4, 6])
def test_more_hosts_with_very_different_column_counts(parties: int) -> None:
    x, y = generated(3000, 24, seed=parties)
    cuts = np.array([1, 13, 14, 18, 20])[: parties - 1]
    check(np.split(x, cuts, axis=1), y, 0.01, within=1e-6)


def test_nearly_collinear_columns_across_parties() -> None:
    rng = np.random.default_rng(5)
    a, _ = generated(5000, 6, seed=5)
    b = a + 1e-4 * rng.normal(size=a.shape)
    y = a @ rng.normal(size=6) + rng.normal(size=5000)
    check([a, b], y, 0.01)


def test_collinear_columns_without_penalty_share_their_weight() -> None:
    a, y = generated(2000, 3, seed=6)
    got = train([a, a.copy()], y, 0.0)
    n = len(y)
    z = (a - a.mean(axis=0)) / a.std(axis=0)
    least = np.linalg.lstsq(np.hstack([z, z]), y - y.mean(), rcond=None)[0]
    assert np.abs(got.standardised - least).max() < 1e-3 * y.std()
    assert np.isfinite(got.weights).all() and n == len(got.parties["guest"].train_scores)
    assert "spectrum-floor" in [notice.kind for notice in got.parties["host1"].notices]


def test_a_condition_of_ten_thousand_across_parties_without_much_penalty() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=(4000, 5))
    b = a @ rng.normal(size=(5, 5)) + 0.05 * rng.normal(size=(4000, 5))
    check([a, b], a[:, 0] + b[:, 1] + rng.normal(size=4000), 1e-4, within=1e-3)


def test_wildly_different_scales_and_far_means() -> None:
    x, y = generated(1500, 8, seed=7)
    units = np.array([1e-9, 1e9, 1, 1e5, 1e-3, 1e12, 7, 1e-6])
    check([x[:, :3] * units[:3], x[:, 3:] * units[3:] + units[3:] * 1e5], y * 1e7, 0.01)
    check([x[:, :3] * units[:3], x[:, 3:] * units[3:]], y * 1e-7 + 42, 0.01)


def test_means_too_far_for_the_ring_stay_with_their_party() -> None:
    x, y = generated(800, 4, seed=8)
    far = x[:, 2:].copy()
    y = y + 20 * far[:, 0]  # a large weight on the far column
    far[:, 0] += 9e8 * far[:, 0].std()
    got = train([x[:, :2], far], y, 0.01)
    host = got.parties["host1"]
    assert "means-kept-locally" in [n.kind for n in host.notices]
    assert got.parties["guest"].intercept is not None and abs(got.parties["guest"].intercept) < 1e3
    raw = x[:, :2] @ got.parties["guest"].weights + got.parties["guest"].intercept
    raw += far @ host.weights + host.intercept
    assert np.abs(raw - got.parties["guest"].train_scores).max() < 1e-2 * y.std()


def test_constant_columns_are_dropped_with_a_notice_at_their_party_only() -> None:
    x, y = generated(600, 6, seed=9)
    x[:, 1], x[:, 4] = 7.5, -1e9
    got = check([x[:, :3], x[:, 3:]], y, 0.01)
    assert got.parties["guest"].dropped == [1] and got.parties["host1"].dropped == [1]
    assert got.standardised[1] == got.standardised[4] == 0
    assert [n.params for n in got.parties["guest"].notices] == [{"columns": [1]}]


def test_a_guest_with_the_label_and_no_feature() -> None:
    x, y = generated(900, 5, seed=10)
    check([np.empty((900, 0)), x[:, :2], x[:, 2:]], y, 0.01, held_out=100)
    check([np.empty((900, 0)), x], y, 0.01)


def test_a_host_without_a_usable_column() -> None:
    x, y = generated(900, 5, seed=11)
    got = check([x, np.full((900, 2), 3.0)], y, 0.01)
    assert got.parties["host1"].dropped == [0, 1]


def test_a_constant_label_gives_zero_weights() -> None:
    x, _ = generated(300, 4, seed=12)
    got = train([x[:, :2], x[:, 2:]], np.full(300, 17.25), 0.01)
    assert np.abs(got.weights).max() < 1e-6
    assert got.parties["guest"].train_scores == pytest.approx(np.full(300, 17.25), abs=1e-3)


def test_two_rows_are_enough_and_odd_row_counts_work() -> None:
    for n in (2, 3, 5, 127, 129):
        x, y = generated(n, 3, seed=n)
        check([x[:, :1], x[:, 1:]], y, 0.1)


def test_held_out_rows_far_outside_are_clipped_with_a_notice() -> None:
    x, y = generated(500, 4, seed=13)
    x[-1, 3] = 1e9
    got = train([x[:, :2], x[:, 2:]], y, 0.01, held_out=50)
    notices = {n.kind: n.params for n in got.parties["host1"].notices}
    assert notices == {"held-out-rows-clipped": {"count": 1}}
    ridge, z = pooled([x[:, :2], x[:, 2:]], y, 0.01, held_out=50)
    assert np.abs(got.parties["guest"].held_out_scores - ridge.predict(z[450:]))[:-1].max() < 1e-2
    assert np.isfinite(got.parties["guest"].held_out_scores).all()


def test_tables_that_cannot_be_trained_on_are_refused() -> None:
    x, y = generated(50, 4, seed=14)
    with pytest.raises(BadInput, match="not finite"):
        train([np.where(x == x[3, 1], np.nan, x), x], y, 0.01)
    with pytest.raises(BadInput, match="not finite"):
        train([x, x], np.where(np.arange(50) == 7, np.inf, y), 0.01)
    with pytest.raises(BadInput, match="no features"):
        train([np.ones((50, 2)), np.ones((50, 1))], y, 0.01)
    with pytest.raises(BadInput, match="alpha"):
        train([x, x], y, -1.0)
    with pytest.raises(PlanMismatch):
        train([x, x[:-1]], y, 0.01)


def test_every_role_sees_progress_to_the_end_and_the_loss_goes_to_the_guest_alone() -> None:
    x, y = generated(200, 4, seed=15)
    got = train([x[:, :2], x[:, 2:]], y, 0.01)
    total = got.dealer.iterations
    for role, steps in got.progress.items():
        assert [s[0] for s in steps] == list(range(1, total + 1)) and {s[1] for s in steps} == {total}
        assert all(s[2] is None for s in steps[:-1])
        assert (steps[-1][2] is not None) == (role == "guest")
