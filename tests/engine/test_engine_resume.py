"""A training that was interrupted goes on where all parties last agree, and ends as if nothing had happened."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from simulate import DEALER, World, data_roles, run_parties
from sklearn.datasets import load_breast_cancer

from fedwarden.engine.checkpoint import Checkpoint, Position
from fedwarden.engine.context import PartyContext
from fedwarden.engine.errors import EngineError, StaleCheckpoint
from fedwarden.engine.lr import train_dealer, train_party
from fedwarden.engine.lr_options import LrOptions
from fedwarden.engine.lr_party import PartyLoop
from fedwarden.engine.plan import make_plan

OPTIONS = LrOptions(max_iter=40, alpha=0.01, checkpoint_every=7, sigmoid="64,28")


class Cut(Exception):
    """The failure of a test."""


@pytest.fixture(scope="module")
def table():
    X, y = load_breast_cancer(return_X_y=True)
    return X, y.astype(float)


def parts_of(X, parties):
    bounds = np.linspace(0, X.shape[1], parties + 1).astype(int)
    return [np.ascontiguousarray(X[:, a:b]) for a, b in pairwise(bounds)]


def train(table, *, parties=2, options=OPTIONS, start=None, cut=None, world=None):
    """Results by role and the checkpoints of every party in order; ``start``: by role; ``cut``: (role, position) after
    whose checkpoint that role fails."""
    X, y = table
    parts, kept = parts_of(X, parties), {role: [] for role in data_roles(parties)}

    def party(ctx: PartyContext):
        def keep(checkpoint: Checkpoint) -> None:
            kept[ctx.role].append(checkpoint)
            if cut == (ctx.role, checkpoint.position):
                raise Cut

        labels = y if ctx.index == 0 else None
        mine = start[ctx.role] if start else None
        return train_party(ctx, parts[ctx.index], labels, 500, options, keep=keep, start=mine)

    def dealer(ctx):
        return train_dealer(ctx, options, start=start["guest"].position if start else None)

    try:
        return run_parties(parties, party, dealer, world), kept
    except Cut:
        return None, kept


def newest_common(kept):
    common = set.intersection(*({c.position for c in checkpoints} for checkpoints in kept.values()))
    at = max(common)
    return {role: next(c for c in checkpoints if c.position == at) for role, checkpoints in kept.items()}


def coefficients(results):
    return np.concatenate([results[role].standardised for role in data_roles(len(results) - 1)])


@pytest.mark.parametrize("parties", [2, 3])
@pytest.mark.parametrize("who", ["guest", "host1"])
def test_an_interrupted_training_ends_like_an_uninterrupted_one(table, parties, who):
    whole, _ = train(table, parties=parties)
    nothing, kept = train(table, parties=parties, cut=(who, Position(0, 21)))
    assert nothing is None
    start = newest_common(kept)
    assert start["guest"].position in (Position(0, 14), Position(0, 21)), "parties differ by one checkpoint at most"
    again, _ = train(table, parties=parties, start=start)
    assert np.abs(coefficients(again) - coefficients(whole)).max() < 1e-4
    assert abs(again["guest"].standardised_intercept - whole["guest"].standardised_intercept) < 1e-4
    assert np.abs(again["guest"].train_scores - whole["guest"].train_scores).max() < 2e-3
    for field in ("iterations", "attempts", "period", "terms"):
        assert getattr(again["guest"], field) == getattr(whole["guest"], field)
    assert [t for t, _ in again["guest"].losses] == [t for t, _ in whole["guest"].losses]
    assert np.allclose([x for _, x in again["guest"].losses], [x for _, x in whole["guest"].losses], atol=5e-5)
    assert again[DEALER].iterations == whole[DEALER].iterations


def steps_of(monkeypatch, table, **more):
    """The momentum's two factors and the weights in the clear (at 2^24) of every iteration; and what was kept."""
    seen = {}
    plain = PartyLoop._update

    def noted(self, t, now, beta):
        plain(self, t, now, beta)
        vector = np.concatenate([self.weights[role] for role in self.ctx.data_roles])
        seen.setdefault(t, []).append((int(now), int(beta), vector.copy()))

    monkeypatch.setattr(PartyLoop, "_update", noted)
    _, kept = train(table, **more)
    monkeypatch.setattr(PartyLoop, "_update", plain)
    clear = {
        t: (entries[0][0], entries[0][1], sum((e[2] for e in entries[1:]), entries[0][2]).view(np.int64))
        for t, entries in seen.items()
        if len(entries) == 2
    }
    return clear, kept


def test_iterations_and_momentum_after_a_resume_are_those_of_an_uninterrupted_run(monkeypatch, table):
    whole, kept = steps_of(monkeypatch, table)
    start = {role: next(c for c in found if c.position == Position(0, 21)) for role, found in kept.items()}
    rest, _ = steps_of(monkeypatch, table, start=start)
    assert sorted(rest) == list(range(21, 40))
    for t, (now, beta, weights) in rest.items():
        assert (now, beta) == whole[t][:2]
        # truncations differ by one unit of 2^-24 at random; a step without its momentum is off by tens of thousands
        assert np.abs(weights - whole[t][2]).max() <= 1024, t


def test_nothing_of_the_old_attempt_is_used_again(table):
    first, second = World(("guest", "host1", DEALER)), World(("guest", "host1", DEALER))
    _, kept = train(table, world=first)
    start = {role: next(c for c in found if c.position == Position(0, 21)) for role, found in kept.items()}
    train(table, start=start, world=second)

    def words(world):
        return {
            int(word)
            for message in world.messages
            for array in message.arrays
            if array.dtype == np.uint64
            for word in array.reshape(-1)[:200].tolist()
            if word > 1 << 20  # sizes and counts are not secret
        }

    both = words(first) & words(second)
    assert len(both) <= 2, "masked words of two attempts do not coincide"
    sent = np.concatenate([m.arrays[0] for m in second.messages if m.tag == "masked-vector" and m.frm == "guest"][:2])
    kept_words = np.concatenate([*start["guest"].weights.values(), *start["guest"].before.values()])
    assert not set(sent.tolist()) & set(kept_words.tolist())


def test_checkpoints_are_uniform_words_and_come_after_the_same_iterations(table):
    _, kept = train(table, parties=3)
    positions = [[c.position for c in found] for found in kept.values()]
    assert positions[0] == positions[1] == positions[2]
    assert positions[0] == [Position(0, t) for t in (7, 14, 21, 28, 35, 40)]
    for found in kept.values():
        words = np.concatenate([share for c in found for share in (*c.weights.values(), *c.before.values())])
        words = words[words != 0]
        ones = np.unpackbits(words.view(np.uint8)).mean()
        assert abs(ones - 0.5) < 5 * 0.5 / np.sqrt(words.size * 64)
    together = {role: sum(kept[p][-1].weights[role] for p in kept) for role in kept}
    assert all(np.abs(v.view(np.int64)).max() < 1 << 34 for v in together.values()), "together they are the weights"


def test_a_lengthened_series_is_gone_on_from(table):
    options = LrOptions(max_iter=80, checkpoint_every=16)
    whole, kept = train(table, options=options)
    assert whole["guest"].attempts > 1, "this table's scores exceed the first series"
    for position in (Position(1, 0), Position(1, 48)):
        start = {role: next(c for c in found if c.position == position) for role, found in kept.items()}
        again, _ = train(table, options=options, start=start)
        assert (again["guest"].attempts, again["guest"].period) == (whole["guest"].attempts, whole["guest"].period)
        assert again["guest"].iterations == whole["guest"].iterations == again[DEALER].iterations
        assert np.abs(again["guest"].train_scores - whole["guest"].train_scores).max() < 0.05


def test_a_checkpoint_of_another_plan_is_refused(table):
    _, kept = train(table)
    start = {role: found[1] for role, found in kept.items()}
    with pytest.raises(StaleCheckpoint):
        train(table, start=start, options=LrOptions(max_iter=40, alpha=0.02, checkpoint_every=7, sigmoid="64,28"))


def test_parties_that_go_on_from_different_iterations_do_not_end_in_a_model(table):
    """The worker agrees on the position first; should that fail, messages do not fit each other."""
    _, kept = train(table)
    start = {"guest": kept["guest"][1], "host1": kept["host1"][2]}
    with pytest.raises((EngineError, AssertionError)):
        train(table, start=start)


@pytest.mark.parametrize(("rows", "expected"), [(500, 40), (30_000, 40), (1_000_000, 5)])
def test_the_plan_says_when_checkpoints_are_made(rows, expected):
    def plan(**more):
        sizes = {"alpha": 0.01, "period": 32, "terms": 14, "iterations": 160, "loss_every": 10, "check_every": 20}
        return make_plan(rows, 0, (11, 20), **sizes, **more)

    assert plan().checkpoint_every == expected
    assert plan(checkpoint_every=3).checkpoint_every == 3
    assert plan(checkpoint_every=3).digest() != plan().digest()
    assert plan().checkpoint_wanted(159), "the last iteration is always kept"
