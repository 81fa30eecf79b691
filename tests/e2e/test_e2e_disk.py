"""A disk that takes nothing more: the job fails at every role and says where; the agent lives, and the job goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from e2e_scenario import Scenario
from e2e_training import ROLES, a_pair, end_jobs, reached, submitted
from e2e_world import World


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    yield from a_pair(tmp_path_factory.mktemp("disk"), seed=10)


@pytest.fixture(autouse=True)
def nothing_goes_on(pair: Scenario) -> Iterator[None]:
    yield
    end_jobs(pair)


def rarely(case: object) -> Any:
    return pytest.param(case, marks=pytest.mark.long)


@contextlib.contextmanager
def no_room(*pids: int) -> Iterator[None]:
    """Every write to a file fails in these processes (and those they start), as on a full disk."""
    before = [(pid, psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE)) for pid in pids]
    for pid, (_, hard) in before:
        psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limits in before:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, limits)


def failed_for_want_of_room(world: World, job: str, party: int) -> None:
    begun = time.monotonic()
    while set(world.states(job)) != {"failed"}:
        assert time.monotonic() - begun < 20, world.record(job)
        time.sleep(0.1)
    record = world.record(job)
    cause = record["cause"]
    assert (cause["code"], cause["party"], cause["params"]["party"]) == ("FW-JOB-502", party, party), record
    assert cause["params"]["folder"] == str(world.party_homes()[party])
    assert str(world.party_homes()[party]) in cause["message"] and "resume" in cause["fix"]


@pytest.mark.parametrize("role", ["host1", rarely("guest"), rarely("arbiter")])
def test_a_full_disk_fails_the_job_at_every_role_naming_party_and_folder_and_the_job_goes_on(
    pair: Scenario, tmp_path: Path, role: str
) -> None:
    world, party = pair.world, ROLES[role]
    job = submitted(pair, tmp_path)
    reached(pair, job, "train", 60)
    agent = world.agents()[party]["pid"]
    with no_room(agent, world.role_status(party, job, role)["pid"]):
        failed_for_want_of_room(world, job, party)
        assert psutil.pid_exists(agent), "the agent survives"
        run = world.script("-f", "submit", "-proj", "p", "-alg", "example", "-m", 1)
        assert run.code == 1 and len(run.complaint) == 1 and str(world.party_homes()[party]) in run.err, run
    assert world.agents()[party]["pid"] == agent
    assert world.warden("job", "resume", job).code == 0
    world.wait(job)
    assert "FW-NOTE-501" in [note["code"] for note in world.role_status(1, job, "guest")["notices"]]


root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@contextlib.contextmanager
def mounted(place: Path, *words: str) -> Iterator[None]:
    done = subprocess.run(["mount", *words, str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this system does not mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@root
@pytest.mark.long
def test_a_small_disk_that_is_really_full(pair: Scenario, tmp_path: Path) -> None:
    world = pair.world
    jobs = world.party_homes()[2] / "jobs"
    with mounted(jobs, "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs"):
        job = submitted(pair, tmp_path)
        reached(pair, job, "train", 60)
        with contextlib.suppress(OSError), (jobs / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        failed_for_want_of_room(world, job, 2)
        (jobs / "ballast").unlink()
        assert world.warden("job", "resume", job).code == 0
        world.wait(job)
        for folder in jobs.iterdir():
            shutil.rmtree(folder)


@root
@pytest.mark.long
def test_a_folder_that_is_read_only(pair: Scenario) -> None:
    world = pair.world
    jobs = world.party_homes()[2] / "jobs"
    with mounted(jobs, "-t", "tmpfs", "-o", "ro,mode=0700", "tmpfs"):
        run = world.script("-f", "submit", "-proj", "p", "-alg", "example", "-m", 1)
        assert (run.out, run.code, len(run.complaint)) == ("{'retcode': 1}\n", 1, 1), run
        assert str(world.party_homes()[2]) in run.err and "party 2" in run.err, run
    world.train("p", "example")
