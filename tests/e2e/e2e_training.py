"""A guest, a host and a training that takes long enough to be interrupted, for tests of what happens then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from e2e_scenario import Scenario
from e2e_tables import breast
from e2e_world import World, eventually

ROLES = {"guest": 1, "host1": 2, "arbiter": 0}
#: The same rows and series in every run; many checkpoints.
OPTIONS = "seed: 4\nmax_iter: {iterations}\nsigmoid: 64,28\ncheckpoint_every: 25\nretries: {retries}\n"


def a_pair(folder: Path, *, seed: int) -> Iterator[Scenario]:
    """Guest 1 and host 2, the project ``p`` uploaded; ended afterwards."""
    it = Scenario(World(folder / "world"), breast(folder / "tables", seed=seed))
    world, (guest, host) = it.world, it.tables.paths
    try:
        run = world.script("-f", "deploy", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
        assert run.code == 0, run
        run = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host, "-proj", "p")
        assert run.code == 0, run
        yield it
    finally:
        world.close()


def end_jobs(pair: Scenario) -> None:
    """A test that fails leaves no job in the way of the next one."""
    for folder in pair.world.home.glob("deployments/*/party-1/jobs/*"):
        if pair.world.role_status(1, folder.name, "guest").get("state") in ("waiting", "running"):
            pair.world.warden("job", "stop", folder.name)


def submitted(
    pair: Scenario, folder: Path, *, iterations: int = 500, retries: int = 0, algorithm: str = "hetero_lr"
) -> str:
    """A job's id."""
    config = folder / "options.yaml"
    text = OPTIONS.format(iterations=iterations, retries=retries)
    config.write_text(text if algorithm == "hetero_lr" else f"retries: {retries}\n")
    return pair.world.submit("p", algorithm, "--config", config)[1]


def reached(pair: Scenario, job: str, phase: str, iteration: int, role: str = "guest") -> None:
    """Waits until the role is that far. Fails when it ends before."""

    def there() -> bool:
        status = pair.world.role_status(ROLES[role], job, role)
        assert status.get("state") not in ("failed", "success"), status
        return status.get("phase") == phase and status.get("iteration", 0) >= iteration

    eventually(there, 90, f"{role} is in {phase} at iteration {iteration}")
