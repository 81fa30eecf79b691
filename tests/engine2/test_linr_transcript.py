"""What each role receives in a linear regression: the dealer set-up only; the parties uniform words, and their due."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from ridge_case import train
from simulate import Message

RUNS = 60


def tables(kind: str) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 5))
    if kind == "zeros and ones":
        x = (x > 0).astype(float)
    if kind == "heavy":
        x = np.exp(3 * x)
    return [x[:, :2], x[:, 2:4], x[:, 4:]], x @ np.arange(5.0) + (100 if kind == "heavy" else 0)


def shape_of(messages: list[Message]) -> list[tuple[str, str, str, list[tuple[int, ...]]]]:
    return [(m.frm, m.to, m.tag, [a.shape for a in m.arrays]) for m in messages]


def test_the_dealers_inbox_holds_sizes_plan_and_attempt_only() -> None:
    parts, y = tables("heavy")
    got = train(parts, y, 0.01, held_out=5, record=True)
    inbox = got.world.inbox("arbiter")
    assert {m.tag for m in inbox} == {"attempt.hello", "attempt.agreed", "sizes", "linr.plan"}
    sizes = [m.arrays[0].tolist() for m in inbox if m.tag == "sizes"]
    assert sorted(sizes) == [[40, 35, 1, 0], [40, 35, 2, 0], [40, 35, 2, 0]]
    plans = {m.arrays[0].tobytes() for m in inbox if m.tag == "linr.plan"}
    assert len(plans) == 1  # a hash of public sizes, the same from everybody
    assert {r["to"] for r in got.dealer.revealed} <= {"guest", "host1", "host2"}


def test_the_course_of_messages_is_the_same_for_any_input() -> None:
    courses = []
    for kind in ("zeros and ones", "heavy"):
        parts, y = tables(kind)
        world = train(parts, y, 0.01, held_out=5, record=True).world
        courses.append(
            {(a, b): shape_of([m for m in world.messages if (m.frm, m.to) == (a, b)]) for a, b in world.queues}
        )
    assert courses[0] == courses[1]


@pytest.mark.parametrize("kind", ["zeros and ones", "heavy"])
def test_every_word_that_hides_something_is_uniform(kind: str) -> None:
    """Over repeated runs each message's high and low bytes look uniform, for both inputs alike, and so does the
    difference of the first two messages of a kind on a link (a mask used twice would show there)."""
    parts, y = tables(kind)
    declared = {"attempt.hello", "attempt.agreed", "sizes", "linr.plan", "linr.exponent"}
    words: dict[tuple[str, str, str], list[np.ndarray]] = defaultdict(list)
    differences: dict[tuple[str, str, str, str], list[np.ndarray]] = defaultdict(list)
    for _ in range(RUNS):
        world = train(parts, y, 0.01, record=True).world
        by_link: dict[tuple[str, str, str], list[np.ndarray]] = defaultdict(list)
        for m in world.messages:
            if m.tag not in declared:
                by_link[m.frm, m.to, m.tag].append(m.arrays[0].ravel())
        for key, arrays in by_link.items():
            words[key].append(np.concatenate(arrays))
            first = [a for a in arrays if len(a) == len(arrays[0])]
            if len(first) > 1:
                differences[*key, "difference of two"].append(first[1] - first[0])
    for key, arrays in [*words.items(), *differences.items()]:
        values = np.concatenate(arrays)
        if len(values) < 1000:
            continue
        for shift in (56, 0):
            counts = np.bincount(((values >> np.uint64(shift)) & np.uint64(255)).astype(np.int64), minlength=256)
            expected = len(values) / 256
            chi2 = float(((counts - expected) ** 2 / expected).sum())
            assert chi2 < 420, (key, shift, chi2)  # 255 degrees of freedom: beyond 420 with probability 1e-9


def test_each_value_is_opened_once_and_to_whom_the_record_says() -> None:
    parts, y = tables("heavy")
    got = train(parts, y, 0.01, held_out=5, record=True)
    reveals: dict[str, int] = defaultdict(int)
    for m in got.world.messages:
        if m.tag == "reveal" and m.frm != m.to:
            reveals[m.to] += m.arrays[0].size
    declared: dict[str, int] = defaultdict(int)
    for item in got.dealer.revealed:
        if "exponent" not in item["what"]:
            declared[item["to"]] += item["count"] * 2  # each of the two other parties sends its share
    assert reveals == declared
    assert all(r.revealed == got.dealer.revealed for r in got.parties.values())
