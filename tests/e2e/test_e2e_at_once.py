"""Several commands at the same time: none is lost, none disturbs another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from e2e_scenario import Scenario
from e2e_world import SUBMITTED


def test_submits_predictions_and_queries_at_once(trained: Scenario) -> None:
    world, tables = trained.world, trained.tables
    predict = ("-f", "predict", "-mname", "three", "-sid", tables.ids[1], "-params", *tables.words(1))
    expected = world.script(*predict).prob
    with ThreadPoolExecutor(6) as many:
        submit = ("-f", "submit", "-proj", "breast", "-alg", "example", "-m", 1)
        submits = [many.submit(world.script, *submit) for _ in range(2)]
        predictions = [many.submit(world.script, *predict) for _ in range(4)]
        queries = [many.submit(world.states, trained.job) for _ in range(2)]
    matches = [SUBMITTED.fullmatch(run.result().out) for run in submits]
    jobs = [match[3] for match in matches if match]
    assert len(set(jobs)) == 2, [str(run.result()) for run in submits]
    assert [run.result().prob for run in predictions] == [expected] * 4
    assert [run.result() for run in queries] == [["success"] * 4] * 2
    for job in jobs:
        world.wait(job)
