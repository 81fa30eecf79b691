"""The guest's own baseline: the same rows and penalty as the joint training, nothing but its own columns."""

import numpy as np
import pytest

from fedwarden.engine.evaluation import evaluate_binary, evaluate_regression
from fedwarden.party.training.baseline import guest_alone
from support.pooled import pooled_logistic, pooled_ridge
from support.tables import breast_tables, diabetes_tables


def test_it_equals_the_pooled_model_on_the_guests_columns(tmp_path):
    tables = breast_tables(tmp_path)
    own, training = tables.blocks[0], 400
    found = guest_alone("hetero_lr", own, tables.y, training, alpha=0.01)
    model = pooled_logistic(own[:training], tables.y[:training], alpha=0.01)
    wanted = evaluate_binary(tables.y[training:], model.probabilities(own[training:]))
    assert found["validation"] == pytest.approx(wanted, abs=1e-4)
    assert set(found) == {"train", "validation"}


def test_linear_too(tmp_path):
    tables = diabetes_tables(tmp_path)
    own, training = tables.blocks[0], 300
    found = guest_alone("hetero_linr", own, tables.y, training, alpha=0.01)
    model = pooled_ridge(own[:training], tables.y[:training], alpha=0.01)
    wanted = evaluate_regression(tables.y[training:], model.scores(own[training:]))
    assert found["validation"] == pytest.approx(wanted, rel=1e-6)


def test_without_held_out_rows_or_columns_it_says_less(tmp_path):
    tables = breast_tables(tmp_path)
    rows = len(tables.y)
    assert set(guest_alone("hetero_lr", tables.blocks[0], tables.y, rows, alpha=0)) == {"train"}
    assert guest_alone("hetero_lr", np.zeros((rows, 0)), tables.y, rows, alpha=0.01) == {}
    assert guest_alone("hetero_lr", np.ones((rows, 2)), tables.y, rows, alpha=0.01) == {}
