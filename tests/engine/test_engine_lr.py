"""Sealed logistic regression equals scikit-learn on the pooled rows, for any split of the columns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from simulate import DEALER, World, data_roles, run_parties
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from fedwarden.engine.context import PartyContext
from fedwarden.engine.errors import BadInput, PlanMismatch, RangeError
from fedwarden.engine.lr import train_dealer, train_party
from fedwarden.engine.lr_options import LrOptions
from fedwarden.engine.result import PartyResult


def federated(X, y, cuts, options, training_rows=None, world=None, record=True, seconds=120) -> dict[str, PartyResult]:
    """Columns cut at ``cuts`` into parties, guest first."""
    bounds = [0, *cuts, X.shape[1]]
    parts = [np.ascontiguousarray(X[:, a:b]) for a, b in pairwise(bounds)]
    rows = training_rows or len(y)

    def party(ctx: PartyContext) -> PartyResult:
        return train_party(ctx, parts[ctx.index], y if ctx.index == 0 else None, rows, options)

    world = world or World((*data_roles(len(parts)), DEALER), record=record)
    world.seconds = seconds
    return run_parties(len(parts), party, lambda ctx: train_dealer(ctx, options), world)


class Pooled:
    """scikit-learn on all columns together."""

    def __init__(self, X, y, alpha, rows=None) -> None:
        n = rows or len(y)
        mean, scale = X[:n].mean(axis=0), X[:n].std(axis=0)
        scale[scale <= 1e-9 * np.abs(mean)] = np.inf
        self.Z = (X - mean) / scale
        C = 1 / (n * alpha) if alpha else np.inf
        model = LogisticRegression(C=C, tol=1e-10, max_iter=20_000).fit(self.Z[:n], y[:n])
        self.coefficients, self.intercept = model.coef_[0], model.intercept_[0]
        self.scores = self.Z @ self.coefficients + self.intercept
        self.n, self.y = n, y

    def loss(self, scores) -> float:
        return float(np.mean(np.logaddexp(0, scores) - self.y[: self.n] * scores))

    def check(self, results, coefficient=5e-4, loss=1e-5) -> None:
        parties = [results[role] for role in results if role != DEALER]
        parties = [results[role] for role in data_roles(len(parties))]
        guest = parties[0]
        got = np.concatenate([p.standardised for p in parties])
        assert np.abs(got - self.coefficients).max() < coefficient
        assert abs(guest.standardised_intercept - self.intercept) < coefficient
        assert abs(self.loss(guest.train_scores) - self.loss(self.scores[: self.n])) < loss


def joint_scores(results, X) -> np.ndarray:
    parties = [results[role] for role in data_roles(len(results) - 1)]
    return X @ np.concatenate([p.weights for p in parties]) + sum(p.intercept for p in parties)


def classification(rows=5000, columns=10, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    y = (X @ rng.normal(size=columns) + noise * rng.logistic(size=rows) > 0.3).astype(float)
    return X, y


@pytest.mark.parametrize("cuts", [[10], [10, 20]])
def test_breast_scores_beyond_the_series_lengthen_it_and_the_model_is_right(cuts: list[int]) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    y = y.astype(float)
    world = World((*data_roles(len(cuts) + 1), DEALER))
    results = federated(X, y, cuts, LrOptions(), world=world)
    guest = results["guest"]
    assert (guest.period, guest.terms, guest.attempts) == (64, 28, 2)
    pooled = Pooled(X, y, 0.01)
    pooled.check(results)
    final = guest.losses[-1]
    assert final[0] == 310 and abs(final[1] - pooled.loss(pooled.scores)) < 1e-4
    assert {m.tag for m in world.inbox(DEALER)} == {"attempt.hello", "attempt.agreed", "sizes", "plan", "again"}
    assert results[DEALER].attempts == 2


def test_held_out_rows_are_scored_by_the_model_of_the_training_rows() -> None:
    X, y = classification()
    X = np.hstack([X * [1e6, 1e-6, 1, 1, 1, 1, 1, 1, 1, 1] + 1e4 * np.arange(10), np.full((5000, 1), 7.0)])
    results = federated(X, y, [3, 8], LrOptions(max_iter=60), training_rows=4000)
    pooled = Pooled(X, y, 0.01, 4000)
    pooled.check(results)
    guest = results["guest"]
    assert np.abs(guest.held_out_scores - pooled.scores[4000:]).max() < 5e-3
    assert np.abs(joint_scores(results, X) - np.concatenate([guest.train_scores, guest.held_out_scores])).max() < 1e-3
    assert results["host2"].dropped == [2] and results["host2"].weights[2] == 0
    assert [n.kind for n in results["host2"].notices] == ["constant-columns"]
    assert results["host1"].train_scores is None and results["host1"].losses == []
    what = {(r["what"], r["to"]): r["count"] for r in guest.revealed}
    assert what["training scores", "guest"] == 4000 and what["held-out scores", "guest"] == 1000
    assert what["training loss", "guest"] == 6 and what["own weights", "host1"] == 5


@pytest.mark.parametrize("parties", [2, 3])
def test_a_guest_with_labels_alone(parties: int) -> None:
    X, y = classification(columns=6, rows=2000)
    cuts = [0] if parties == 2 else [0, 4]
    results = federated(X, y, cuts, LrOptions(max_iter=60, sigmoid="32,16"))
    Pooled(X, y, 0.01).check(results)
    assert results["guest"].weights.size == 0


def test_a_host_whose_columns_are_all_constant() -> None:
    X, y = classification(columns=5, rows=1000)
    X[:, 3:] = 2.0
    results = federated(X, y, [3], LrOptions(max_iter=60))
    Pooled(X, y, 0.01).check(results)
    assert np.array_equal(results["host1"].weights, [0, 0])


def test_a_duplicated_column_without_penalty_keeps_the_loss() -> None:
    X, y = classification(noise=3.0)
    X = np.hstack([X, X[:, :1], X[:, 9:]])  # one copy at another party, one within the party
    results = federated(X, y, [4, 8], LrOptions(max_iter=100, alpha=0.0))
    pooled = Pooled(X, y, 0.0)
    assert abs(pooled.loss(results["guest"].train_scores) - pooled.loss(pooled.scores)) < 1e-5
    assert abs(results["host2"].standardised[1] - results["host2"].standardised[3]) < 1e-6


def test_nearly_collinear_columns_across_parties() -> None:
    X, y = classification()
    X[:, 9] = X[:, 0] + 0.03 * X[:, 9]
    results = federated(X, y, [5], LrOptions(max_iter=160))
    Pooled(X, y, 0.01).check(results)


def test_rare_positives_and_far_outliers() -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(6000, 8))
    X[0, 2], X[1, 6] = 5000.0, -800.0  # beyond 70 deviations
    y = (X[:, 0] + X[:, 5] - 5.2 + rng.logistic(size=6000) > 0).astype(float)
    assert 0.005 < y.mean() < 0.03
    results = federated(X, y, [4], LrOptions(max_iter=100))
    Pooled(X, y, 0.01).check(results)


def test_large_tables_spread_the_dealt_values_over_all_parties() -> None:
    X, y = classification(rows=20_011, columns=6)
    world = World((*data_roles(3), DEALER))
    results = federated(X, y, [2, 4], LrOptions(max_iter=60, loss_every=0), world=world)
    Pooled(X, y, 0.01).check(results)
    sine = {to: sum(m.arrays[0].nbytes for m in world.inbox(to) if m.tag == "sine") for to in data_roles(3)}
    per_iteration = 20_011 * (16 * 14 + 16)
    assert sum(sine.values()) == 60 * per_iteration
    assert max(sine.values()) - min(sine.values()) <= 60 * (16 * 14 + 16)


def test_taylor_gives_the_quadratic_model() -> None:
    X, y = classification(rows=1500, columns=4)
    results = federated(X, y, [2], LrOptions(max_iter=80, sigmoid="taylor"))
    Z = np.hstack([np.ones((1500, 1)), (X - X.mean(axis=0)) / X.std(axis=0)])
    ridge = Z.T @ Z / 4 / 1500 + np.diag([0, *[0.01] * 4])
    expected = np.linalg.solve(ridge, Z.T @ (y - 0.5) / 1500)
    got = np.concatenate([[results["guest"].standardised_intercept], *[results[r].standardised for r in data_roles(2)]])
    assert np.abs(got - expected).max() < 1e-4
    scores = Z @ expected
    last = results["guest"].losses[-1][1]
    assert abs(last - np.mean(np.log(2) + (0.5 - y) * scores + scores**2 / 8)) < 1e-4


def test_a_fixed_series_that_is_too_short_is_said_not_lengthened() -> None:
    X, y = classification(rows=800, columns=4, noise=0.001)
    results = federated(X, y, [2], LrOptions(max_iter=60, alpha=1e-4, sigmoid="16,8"))
    assert results["guest"].attempts == 1
    assert "scores-exceed-series" in [n.kind for n in results["guest"].notices]


def test_held_out_rows_outside_the_representable_range_are_counted() -> None:
    X, y = classification(rows=500, columns=4)
    X[450:460] *= 1e8
    results = federated(X, y, [2], LrOptions(max_iter=20), training_rows=400)
    for role in data_roles(2):
        assert [(n.kind, n.params) for n in results[role].notices] == [("held-out-rows-clipped", {"count": 10})]
    assert np.all(np.isfinite(results["guest"].held_out_scores))
    assert (
        np.abs(joint_scores(results, X) - np.r_[results["guest"].train_scores, results["guest"].held_out_scores])[
            np.r_[:450, 460:500]
        ].max()
        < 1e-3
    )


def test_means_too_far_out_for_the_shared_intercept_stay_with_their_owner() -> None:
    X, y = classification(rows=600, columns=4)
    X[:, 3] = 1e-4 * X[:, 3] - X[:, 2]
    X[:, 2:] += 3e6  # the preconditioned offset passes 2^30 although no column is constant
    results = federated(X, y, [2], LrOptions(max_iter=20, alpha=0.0))
    kinds = [n.kind for n in results["host1"].notices]
    assert "means-kept-locally" in kinds and results["host1"].intercept != 0
    assert np.abs(joint_scores(results, X) - results["guest"].train_scores).max() < 2e-2


def test_the_tripwire_ends_a_job_whose_weights_leave_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """The L2 rows are made to push instead of pull at one party: its weights grow without bound."""
    from fedwarden.engine import lr_matrix

    encode, penalty_scale = lr_matrix.encode, 22
    monkeypatch.setattr(lr_matrix, "encode", lambda v, scale: encode(-60 * v if scale == penalty_scale else v, scale))
    X, y = classification(rows=400, columns=4)
    with pytest.raises(RangeError) as caught:
        federated(X, y, [2], LrOptions(max_iter=200, check_every=2, alpha=0.5))
    assert caught.value.params["what"] == "weights" and caught.value.params["iteration"] < 100


@pytest.mark.parametrize(
    ("labels", "cell"),
    [(np.array([0.0, 2.0] * 10), 1.0), (np.zeros(19), 1.0), (None, 1.0), (np.array([0.0, 1.0] * 10), np.nan)],
)
def test_tables_that_cannot_be_trained_on_are_refused(labels, cell) -> None:
    X = np.random.default_rng(0).normal(size=(20, 4))
    X[3, 0] = cell
    with pytest.raises(BadInput):
        run_parties(
            2,
            lambda ctx: train_party(ctx, X[:, :2], labels if ctx.index == 0 else None, 20, LrOptions(max_iter=1)),
            lambda ctx: train_dealer(ctx, LrOptions(max_iter=1)),
        )


@pytest.mark.parametrize("difference", ["rows", "options"])
def test_roles_that_disagree_are_told(difference: str) -> None:
    X, y = classification(rows=60, columns=4)

    def party(ctx):
        host = ctx.index == 1
        rows = 59 if host and difference == "rows" else 60
        options = LrOptions(max_iter=3, alpha=0.02 if host and difference == "options" else 0.01)
        return train_party(ctx, X[:rows, :2], None if host else y, 50, options)

    with pytest.raises(PlanMismatch):
        run_parties(2, party, lambda ctx: train_dealer(ctx, LrOptions(max_iter=3)))


def test_progress_is_told_at_every_role_and_the_loss_to_the_guest_only() -> None:
    X, y = classification(rows=200, columns=4)
    seen: dict[str, list] = {role: [] for role in (*data_roles(2), DEALER)}
    options = LrOptions(max_iter=6, loss_every=2, sigmoid="32,14")
    run_parties(
        2,
        lambda ctx: train_party(
            ctx, X[:, :2], y if ctx.index == 0 else None, 200, options, lambda *step: seen[ctx.role].append(step)
        ),
        lambda ctx: train_dealer(ctx, options, lambda *step: seen[DEALER].append(step)),
    )
    assert all([step[:2] for step in steps] == [(i, 6) for i in range(1, 7)] for steps in seen.values())
    assert [step[2] is not None for step in seen["guest"]] == [True, False] * 3
    assert abs(seen["guest"][0][2] - np.log(2)) < 1e-4
    assert all(step[2] is None for role in ("host1", DEALER) for step in seen[role])
