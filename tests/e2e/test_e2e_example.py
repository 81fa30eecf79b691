"""`example`: the secure addition between the parties of the project's upload."""

from __future__ import annotations

from e2e_scenario import Scenario
from e2e_world import find


def test_example_adds_securely_and_makes_no_model(trio: Scenario) -> None:
    world = trio.world
    model, job = world.submit("breast", "example")
    assert model == "arbiter-0#guest-1#host-2_3#model"
    assert world.wait(job) == ["success"] * 4
    record = world.record(job)
    expected, obtained = find(record, "expected"), find(record, "obtained")
    assert expected and obtained, record
    assert set(expected) == set(obtained) == {3000}, "three tables of 1000 ones"

    refused = world.bind(model, job, "sum")
    assert (refused.out, refused.code) == ("load_bind failure.\n", 1), refused
    assert len(refused.complaint) == 1 and "example" in refused.err, refused
    assert not list(world.home.glob(f"deployments/*/party-*/models/{job}/*"))


def test_example_reads_no_table(trio: Scenario) -> None:
    world = trio.world
    hidden = [path.rename(path.with_suffix(".away")) for path in trio.tables.paths]
    try:
        _, job = world.submit("breast", "example")
        assert world.wait(job) == ["success"] * 4
    finally:
        for path in hidden:
            path.rename(path.with_suffix(".csv"))
