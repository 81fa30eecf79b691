"""One job at a time per party: the others wait, and then run."""

from __future__ import annotations

from e2e_scenario import Scenario


def test_the_second_of_two_submits_waits_and_both_succeed(trio: Scenario) -> None:
    world = trio.world
    _, first = world.submit("breast")
    _, second = world.submit("breast")
    assert first < second, "jobids increase strictly"
    seen = world.states(second)
    states = world.states(first)
    if "success" not in states:
        assert set(seen) == {"waiting"}, f"while {first} was {states}"
    assert "success" not in states, "the first job ended before the second was asked for: nothing was shown"
    world.wait(first)
    world.wait(second)
