"""One job at a time per party: the others wait, and then run."""

from __future__ import annotations

from pathlib import Path

from e2e_scenario import Scenario


def test_the_second_of_two_submits_waits_and_both_succeed(trio: Scenario, tmp_path: Path) -> None:
    world = trio.world
    longer = tmp_path / "longer.yaml"
    longer.write_text("max_iter: 500\nsigmoid: 64,28\n")
    _, first = world.submit("breast", "hetero_lr", "--config", longer)
    _, second = world.submit("breast", "example")
    assert first < second, "jobids increase strictly"
    seen = world.states(second)
    states = world.states(first)
    assert "success" not in states, "the first job ended too early to show anything"
    assert set(seen) == {"waiting"}, f"while {first} was {states}"
    world.wait(first)
    world.wait(second)
