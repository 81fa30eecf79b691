"""The protocol's own formula says how many bytes every link carries; a word more or less is noticed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from simulate import DEALER, World, data_roles
from sklearn.datasets import load_breast_cancer
from test_engine_lr import classification, federated

from fedwarden.engine.lr_options import LrOptions, Sizes, plan_of
from fedwarden.engine.lr_traffic import attempt_bytes

CONTROL = {"attempt.hello", "attempt.agreed", "sizes", "plan"}


@pytest.mark.parametrize(
    ("cuts", "rows", "training", "options"),
    [
        ([3], 900, 700, LrOptions(max_iter=12, sigmoid="32,14", check_every=5)),
        ([0, 4, 5], 500, 500, LrOptions(max_iter=7, sigmoid="taylor", loss_every=3)),
        ([2, 5], 9001, 9001, LrOptions(max_iter=4, sigmoid="64,28", loss_every=0)),
        ([4], 600, 500, LrOptions(max_iter=6)),
    ],
)
def test_every_link_carries_exactly_what_the_formula_says(cuts, rows, training, options) -> None:
    X, y = classification(rows=rows, columns=7, seed=1, noise=3.0)
    roles = data_roles(len(cuts) + 1)
    world = World((*roles, DEALER))
    results = federated(X, y, cuts, options, training_rows=training, world=world)
    assert results["guest"].attempts == 1
    found: Counter = Counter()
    for message in world.messages:
        if message.tag not in CONTROL:
            found[message.frm, message.to] += sum(array.nbytes for array in message.arrays)
    bounds = [0, *cuts, 7]
    widths = np.diff(bounds) + np.eye(len(roles), dtype=int)[0]
    plan = plan_of(Sizes(rows, training, tuple(map(int, widths))), options, options.first_series())
    wanted = attempt_bytes(plan, roles, DEALER, asks=options.sigmoid == "auto")
    for role in roles:
        assert results[role].sent == {to: size for (frm, to), size in wanted.items() if frm == role}
    assert results[DEALER].sent == {to: size for (frm, to), size in wanted.items() if frm == DEALER}
    assert {link: size for link, size in found.items() if size} == {link: size for link, size in wanted.items() if size}


def test_a_job_whose_series_is_lengthened_counts_both_attempts() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    world = World((*data_roles(2), DEALER))
    results = federated(X, y.astype(float), [10], LrOptions(max_iter=30), world=world)
    assert results["guest"].attempts == 2
    for role in (*data_roles(2), DEALER):
        found: Counter = Counter()
        for message in world.messages:
            if message.tag not in CONTROL and message.frm == role:
                found[message.to] += sum(array.nbytes for array in message.arrays)
        assert {to: size for to, size in results[role].sent.items() if size} == {t: s for t, s in found.items() if s}
