"""How near the joint model comes to the pooled optimum, on tables that are hard in one way each."""

from __future__ import annotations

import numpy as np
import pytest
from plain_training import plain_training
from simulate import DEALER, data_roles
from test_engine_lr import Pooled, classification, federated, joint_scores

from fedwarden.data.credit import BANK_FEATURES, LABEL, PARTNER_FEATURES, credit_table
from fedwarden.engine.lr_options import LrOptions, Sizes, plan_of


@pytest.mark.parametrize(("sigmoid", "tolerance"), [("auto", 5e-4), ("32,16", 2e-4)])
def test_default_of_credit(sigmoid: str, tolerance: float) -> None:
    """30,000 x 23; one row's value lies beyond 70 deviations."""
    table = credit_table()
    X = table.select(*BANK_FEATURES, *PARTNER_FEATURES).to_numpy().astype(np.float64)
    y = table[LABEL].to_numpy().astype(np.float64)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    assert Z.max() > 60
    results = federated(X, y, [13], LrOptions(sigmoid=sigmoid))
    Pooled(X, y, 0.01).check(results, coefficient=tolerance, loss=1e-5)


def test_two_hundred_columns() -> None:
    X, y = classification(rows=4000, columns=200, seed=3, noise=4.0)
    results = federated(X, y, [70], LrOptions(max_iter=100))
    Pooled(X, y, 0.01).check(results)


def test_a_guest_and_five_hosts_of_very_different_widths() -> None:
    X, y = classification(rows=3000, columns=48, seed=4, noise=2.0)
    results = federated(X, y, [2, 3, 33, 35, 36], LrOptions(max_iter=160, loss_every=40))
    assert set(results) == {*data_roles(6), DEALER}
    Pooled(X, y, 0.01).check(results)


def test_one_percent_positives_and_features_of_wildly_different_scales() -> None:
    rng = np.random.default_rng(8)
    X, _ = classification(rows=12_000, columns=8, seed=8)
    y = (X[:, 0] - X[:, 6] - 6.0 + rng.logistic(size=12_000) > 0).astype(float)
    assert 0.005 < y.mean() < 0.015
    X = X * 10.0 ** np.arange(-8, 8, 2) + 10.0 ** np.arange(8)[::-1] * 0.01
    results = federated(X, y, [4], LrOptions(max_iter=100))
    assert (results["guest"].period, results["guest"].terms) == (32, 20)
    assert {"what": "whether one label is rare", "to": "all", "count": 1} in results["guest"].revealed
    Pooled(X, y, 0.01).check(results)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
def test_a_million_rows_and_fifty_iterations_do_not_diverge(seed: int) -> None:
    """Opened losses and weights are those of the same iterations in plain numbers. (The loss alone need not fall: it
    leaves out the penalty, and momentum overshoots.)"""
    X, y = classification(rows=1_000_000, columns=8, seed=seed, noise=1.5)
    options = LrOptions(max_iter=50, loss_every=5)
    results = federated(X, y, [4], options, record=False, seconds=1400)
    guest = results["guest"]
    assert guest.attempts == 1
    sizes = Sizes(rows=len(y), training_rows=len(y), columns=(5, 4))
    plain = plain_training(X, y, [4], plan_of(sizes, options, (guest.period, guest.terms)), options.alpha)
    losses = [loss for _, loss in guest.losses]
    weights = np.concatenate([results[role].standardised for role in data_roles(2)])
    figures = {
        "weights": np.abs(weights - plain.standardised).max(),
        "losses": np.abs(np.array(losses) - plain.losses).max(),
        "scores": np.abs(guest.train_scores - plain.scores).max(),
    }
    print(seed, figures)
    assert len(losses) == 10
    assert figures["weights"] < 5e-5 and figures["losses"] < 2e-4 and figures["scores"] < 2e-3, figures
    Pooled(X, y, 0.01).check(results, loss=5e-5)
    assert np.abs(joint_scores(results, X) - guest.train_scores).max() < 1e-3
