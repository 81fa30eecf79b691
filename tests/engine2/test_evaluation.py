"""Metrics equal scikit-learn's, ties and one-class parts included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from fedwarden.engine.evaluation import evaluate_binary, evaluate_regression, roc_summary


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=60))
def test_auc_ks_accuracy_and_log_loss_equal_scikit_learn_with_ties(rows: list[tuple[bool, int]]) -> None:
    y = np.array([r[0] for r in rows], dtype=float)
    p = np.array([r[1] for r in rows]) / 8
    got = evaluate_binary(y, p)
    assert got["rows"] == len(y) and got["positives"] == y.sum()
    assert got["accuracy"] == pytest.approx(metrics.accuracy_score(y, p >= 0.5))
    assert got["log_loss"] == pytest.approx(metrics.log_loss(y, p, labels=[0, 1]), rel=1e-9)
    if 0 < y.sum() < len(y):
        assert got["auc"] == pytest.approx(metrics.roc_auc_score(y, p))
        fpr, tpr, _ = metrics.roc_curve(y, p, drop_intermediate=False)
        assert got["ks"] == pytest.approx(np.max(np.abs(tpr - fpr)))
    else:
        assert got["auc"] is None and got["ks"] is None


def test_auc_takes_any_scores() -> None:
    y = np.array([0, 1, 1, 0, 1.0])
    s = np.array([-30, 40, 1e-9, 1e-9, 7])
    auc, _ = roc_summary(y, s)
    assert auc == pytest.approx(metrics.roc_auc_score(y, s))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=40))
def test_regression_metrics_equal_scikit_learn(rows: list[tuple[float, float]]) -> None:
    y, p = np.array(rows).T
    got = evaluate_regression(y, p)
    assert got["mse"] == pytest.approx(metrics.mean_squared_error(y, p))
    assert got["rmse"] == pytest.approx(np.sqrt(metrics.mean_squared_error(y, p)))
    assert got["mae"] == pytest.approx(metrics.mean_absolute_error(y, p))
    if np.ptp(y) > 1e-3:
        assert got["r2"] == pytest.approx(metrics.r2_score(y, p), rel=1e-9, abs=1e-9)


def test_parts_that_cannot_be_judged_give_none_and_no_exception() -> None:
    empty = np.array([])
    assert evaluate_binary(empty, empty) == {
        "rows": 0, "positives": 0, "auc": None, "ks": None, "accuracy": None, "log_loss": None,
    }  # fmt: skip
    assert evaluate_regression(empty, empty)["r2"] is None
    assert evaluate_regression(np.ones(3), np.zeros(3))["r2"] is None
    one = evaluate_binary(np.ones(3), np.array([1.0, 0.2, 0.7]))
    assert one["auc"] is None and one["log_loss"] is not None and np.isfinite(one["log_loss"])
    with pytest.raises(ValueError):
        evaluate_binary(np.ones(3), np.ones(2))
