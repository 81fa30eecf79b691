"""What a training lets others see: nothing that depends on anybody's data before the declared openings."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from replay import MASKS, replay
from scipy.stats import chisquare
from simulate import DEALER, data_roles

from fedwarden.engine.lr import train_dealer, train_party
from fedwarden.engine.lr_options import LrOptions
from fedwarden.engine.streams import Address

ROWS, COLUMNS = 60, {"guest": 2, "host1": 3, "host2": 2}
OPTIONS = LrOptions(max_iter=3, loss_every=2, check_every=2, sigmoid="32,4")
PUBLIC = {"sizes", "plan", "again"}


def tables(parties: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {role: rng.normal(size=(ROWS + 5, COLUMNS[role])) * (1 + seed) for role in data_roles(parties)}


def labels(seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(ROWS + 5) < 0.5).astype(float)


def party_of(features, y):
    return lambda ctx: train_party(ctx, features[ctx.role], y if ctx.index == 0 else None, ROWS, OPTIONS)


def dealer(ctx):
    return train_dealer(ctx, OPTIONS)


def outside(log, watchers):
    """What the watchers hear from roles outside, in order, by link; declared openings are left out."""
    return {
        link: [entry for entry in entries if entry[0] != "reveal"]
        for link, entries in log.items()
        if link[1] in watchers and link[0] not in watchers
    }


def first_differences(wanted, got):
    """(tag, mask's address, wanted − got) of the first unequal message of each link."""
    found = []
    for link, entries in wanted.items():
        assert [tag for tag, _, _ in entries] == [tag for tag, _, _ in got[link]]
        for (tag, old, _), (_, new, address) in zip(entries, got[link], strict=True):
            if not np.array_equal(old, new):
                assert tag not in PUBLIC, f"{tag} must not depend on the data"
                found.append((tag, address, (old - new).reshape(-1)))
                break
    return found


@pytest.mark.parametrize(("parties", "hidden"), [(2, "guest"), (2, "host1"), (3, "guest"), (3, "host1")])
def test_for_other_inputs_there_are_masks_that_make_the_same_view(parties: int, hidden: str) -> None:
    """One party's table and labels are replaced, and its masks, unknown to the watchers, are moved until all others
    together see word for
    word what they saw before. Moving a uniform mask is a bijection: the others' joint view does not depend on that
    table at all."""
    watchers = set(data_roles(parties)) - {hidden}
    before, after = tables(parties, 1), tables(parties, 1)
    after[hidden] = tables(parties, 2)[hidden]
    wanted = outside(replay(parties, "a", party_of(before, labels(1)), dealer, hidden, {}), watchers)
    y = labels(2 if hidden == "guest" else 1)
    moves: dict[Address, np.ndarray] = {}
    moved_kinds = set()
    for _ in range(200):
        got = outside(replay(parties, "a", party_of(after, y), dealer, hidden, moves), watchers)
        differences = first_differences(wanted, got)
        if not differences:
            break
        for address, (tag, difference) in {
            a: (tag, d) for tag, a, d in differences
        }.items():  # several may hear one mask
            change = np.uint64(MASKS[tag][1] & (2**64 - 1)) * difference
            moves[address] = moves[address] + change if address in moves else change
            moved_kinds.add(tag)
    else:
        pytest.fail(f"still different: {[(tag, address) for tag, address, _ in differences]}")
    expected = {"masked-matrix", "masked-vector", "scores", "residuals", "opening", "squares", "masked-scores"}
    assert expected <= moved_kinds, "the inputs did not reach these messages: the test would show nothing"


@pytest.fixture(scope="module")
def many_runs():
    """Messages to host1 and host2 in twelve trainings of the same three-party job with fresh randomness."""
    features, y = tables(3, 1), labels(1)
    return [replay(3, f"run {i}", party_of(features, y), dealer, "guest", {}) for i in range(12)]


def looks_uniform(words: np.ndarray) -> bool:
    """Chi-square of every byte position of the words at a level that a healthy suite never meets."""
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(-1, 8)
    return all(chisquare(np.bincount(octets[:, i], minlength=256)).pvalue > 1e-7 for i in range(8))


def by_tag(runs, watcher):
    words = defaultdict(list)
    for log in runs:
        for (frm, to), entries in log.items():
            if to == watcher:
                for at, (tag, array, _) in enumerate(entries):
                    words[frm, tag].append((at, array.reshape(-1)))
    return words


@pytest.mark.parametrize("watcher", ["guest", "host1", "host2"])
def test_messages_are_uniform_over_repeated_runs(many_runs, watcher: str) -> None:
    checked = set()
    for (frm, tag), found in by_tag(many_runs, watcher).items():
        if tag in MASKS and sum(a.size for _, a in found) >= 1400:
            assert looks_uniform(np.concatenate([a for _, a in found])), (frm, tag)
            checked.add(tag)
    assert {"masked-matrix", "scores", "residuals", "opening", "masked-scores", "sine"} <= checked


def test_differences_across_steps_and_destinations_are_uniform(many_runs) -> None:
    """A mask used twice would leave a small difference: none between iterations, between kinds, between two owners."""
    steps, owners, kinds = [], [], []
    for log in many_runs:
        heard = [(tag, array.reshape(-1)) for tag, array, _ in log["guest", "host1"]]
        for wanted in ("scores", "residuals"):
            of_tag = [array for tag, array in heard if tag == wanted]
            steps += [b - a for a, b in pairwise(of_tag)]
        scores, residuals = ([array for tag, array in heard if tag == t] for t in ("scores", "residuals"))
        kinds += [a - b for a, b in zip(scores, residuals, strict=True)]
        vectors = [
            [array.reshape(-1) for tag, array, _ in log["guest", to] if tag == "masked-vector"]
            for to in ("host1", "host2")
        ]
        owners += [a[:2] - b[:2] for a, b in zip(*vectors, strict=True)]
    assert looks_uniform(np.concatenate(steps)) and looks_uniform(np.concatenate(kinds))
    flat = np.concatenate(owners)
    assert np.unique(flat).size == flat.size and np.abs(flat.view(np.int64).astype(float)).min() > 2.0**40


def test_the_uniformity_test_finds_a_mask_used_twice() -> None:
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 2**64, size=3000, dtype=np.uint64)
    one, two = (mask + rng.integers(0, 2**50, size=3000, dtype=np.uint64) for _ in range(2))
    assert looks_uniform(one) and looks_uniform(two) and not looks_uniform(one - two)


def test_the_dealer_hears_sizes_and_plan_only(many_runs) -> None:
    for log in many_runs:
        heard = [
            (frm, tag, array.size) for (frm, to), entries in log.items() if to == DEALER for tag, array, _ in entries
        ]
        assert sorted(heard) == sorted(
            [(r, "sizes", 4) for r in data_roles(3)] + [(r, "plan", 32) for r in data_roles(3)]
        )


def test_declared_openings_are_the_only_ones(many_runs) -> None:
    """Reveals: to every party its own weights and the norm in coarse units; to the guest also losses, scores,
    intercept."""
    columns = {"guest": 3, "host1": 3, "host2": 2}
    log = many_runs[0]
    for role in data_roles(3):
        for frm in set(data_roles(3)) - {role}:
            sizes = [array.size for tag, array, _ in log[frm, role] if tag == "reveal"]
            norms = [1, 1]
            if role == "guest":
                # losses before steps 0 and 2, norms after steps 1 and 2, scores, held-out scores, offset, weights
                assert sizes == [1, 1, 1, 1, ROWS, 5, 1, columns["guest"]]
            else:
                assert sizes == [*norms, columns[role]]
