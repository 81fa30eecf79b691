"""Models and bindings survive a restart of every agent; a dead local agent is started by the command that needs it."""

from __future__ import annotations

from e2e_scenario import Scenario
from e2e_world import eventually


def test_prediction_goes_on_after_every_agent_was_killed(trained: Scenario) -> None:
    world, tables = trained.world, trained.tables
    words = ("-f", "predict", "-mname", "three", "-sid", tables.ids[9], "-params", *tables.words(9))
    before = world.script(*words).prob
    agents = world.agents()
    for process in world.processes():
        process.kill()
    eventually(lambda: not world.processes(), 5, "the killed processes end")

    first = world.script(*words)
    assert first.prob == before, first
    assert first.complaint and "start" in first.err, f"a notice tells that agents were started again: {first}"
    again = world.script(*words)
    assert again.prob == before and not any("start" in line for line in again.complaint), again
    now = world.agents()
    for party in (1, 2, 3):
        assert now[party]["pid"] != agents[party]["pid"]
        for kept in ("control_port", "data_port", "serving_port", "fingerprint"):
            assert now[party][kept] == agents[party][kept]
    assert world.states(trained.job) == ["success"] * 4

    _, job = world.submit("breast", "example")
    assert world.wait(job) == ["success"] * 4
