"""A killed worker or agent ends the job as failed at every role within 10 s, and the next job works."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e_scenario import Scenario
from e2e_tables import breast
from e2e_world import World, eventually, find

ROLES = {"guest": 1, "host1": 2, "arbiter": 0}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """Guest 1 and host 2, and options with which a training does not end by itself in the time of a test."""
    folder = tmp_path_factory.mktemp("pair")
    it = Scenario(World(folder / "world"), breast(folder / "tables", seed=8))
    world, (guest, host) = it.world, it.tables.paths
    try:
        run = world.script("-f", "deploy", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
        assert run.code == 0, run
        run = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host, "-proj", "p")
        assert run.code == 0, run
        (folder / "endless.yaml").write_text("max_iter: 100000\nsigmoid: 64,28\n")
        it.config = folder / "endless.yaml"  # type: ignore[attr-defined]
        yield it
    finally:
        world.close()


@pytest.fixture(autouse=True)
def nothing_goes_on(pair: Scenario) -> Iterator[None]:
    """A test that fails leaves no endless job in the way of the next one."""
    yield
    for folder in pair.world.home.glob("deployments/*/party-1/jobs/*"):
        if pair.world.role_status(1, folder.name, "guest").get("state") in ("waiting", "running"):
            pair.world.warden("job", "stop", folder.name)


def in_training(pair: Scenario) -> str:
    """A job whose guest has done at least one iteration."""
    config: Path = pair.config  # type: ignore[attr-defined]
    _, job = pair.world.submit("p", "hetero_lr", "--config", config)
    eventually(
        lambda: (
            pair.world.role_status(1, job, "guest").get("iteration", 0) > 0
            or pair.world.role_status(1, job, "guest").get("state") in ("failed", "success")
        ),
        60,
        "the training begins",
    )
    assert set(pair.world.states(job)) == {"running"}, pair.world.record(job)
    return job


def failed_everywhere(pair: Scenario, job: str) -> float:
    """Seconds until a query begins that says failed for every role; ``states`` refuses success beside failed on the
    way. Not until it ends: on a busy machine starting the command takes longer than the failure."""
    begin = asked = time.monotonic()
    while set(pair.world.states(job)) != {"failed"}:
        assert asked - begin < 20, pair.world.record(job)
        time.sleep(0.1)
        asked = time.monotonic()
    return asked - begin


def ended_without_a_trace(pair: Scenario, job: str) -> None:
    """No worker of the job is left, and no role keeps a part of a model."""
    eventually(
        lambda: not any(job in word for p in pair.world.processes() for word in _words(p)), 10, "the job's workers end"
    )
    assert not list(pair.world.home.glob(f"deployments/*/party-*/models/{job}/*"))


def _words(process: object) -> list[str]:
    try:
        return process.cmdline()  # type: ignore[attr-defined, no-any-return]
    except Exception:  # it has ended meanwhile
        return []


def rarely(case: object) -> Any:
    return pytest.param(case, marks=pytest.mark.long)


@pytest.mark.parametrize("role", ["guest", rarely("host1"), rarely("arbiter")])
def test_a_killed_worker_fails_the_job_at_every_role(pair: Scenario, role: str) -> None:
    world = pair.world
    job = in_training(pair)
    pid = world.role_status(ROLES[role], job, role)["pid"]
    os.kill(pid, signal.SIGKILL)
    assert failed_everywhere(pair, job) < 10
    record = world.record(job)
    causes = [c for c in find(record, "cause") if isinstance(c, dict)]
    assert causes, f"the first cause is on record: {record}"
    assert any(c.get("role") == role and c.get("party") == ROLES[role] for c in causes), causes
    ended_without_a_trace(pair, job)
    refused = world.bind("arbiter-0#guest-1#host-2#model", job, "dead")
    assert (refused.out, refused.code, len(refused.complaint)) == ("load_bind failure.\n", 1, 1), refused


@pytest.mark.parametrize("party", [2, rarely(1), rarely(0)])
def test_a_killed_agent_fails_the_job_at_every_role(pair: Scenario, party: int) -> None:
    job = in_training(pair)
    os.kill(pair.world.agents()[party]["pid"], signal.SIGKILL)
    assert failed_everywhere(pair, job) < 10
    assert [c for c in find(pair.world.record(job), "cause") if isinstance(c, dict)]
    ended_without_a_trace(pair, job)


def test_a_stopped_job_is_failed_at_every_role_within_5_seconds(pair: Scenario) -> None:
    job = in_training(pair)
    begin = time.monotonic()
    run = pair.world.warden("job", "stop", job)
    assert run.code == 0 and time.monotonic() - begin < 8, run
    assert set(pair.world.states(job)) == {"failed"}, "stop returns when every role has confirmed"
    ended_without_a_trace(pair, job)


def test_the_next_job_works_after_all_that(pair: Scenario) -> None:
    job = in_training(pair)
    os.kill(pair.world.role_status(2, job, "host1")["pid"], signal.SIGKILL)
    os.kill(pair.world.agents()[1]["pid"], signal.SIGKILL)
    _, following = pair.world.submit("p")
    assert pair.world.wait(following) == ["success"] * 3
    assert set(pair.world.states(job)) == {"failed"}
