"""A host that is switched off and on again, and a host whose clock is wrong."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from e2e_scenario import Scenario
from e2e_training import a_pair, end_jobs, reached, submitted
from e2e_world import eventually


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    yield from a_pair(tmp_path_factory.mktemp("gone"), seed=11)


@pytest.fixture(autouse=True)
def nothing_goes_on(pair: Scenario) -> Iterator[None]:
    yield
    end_jobs(pair)


def off(pair: Scenario, party: int) -> None:
    """Ends every process of one party at once, as a power cut does."""
    home = str(pair.world.party_homes()[party])

    def mine() -> list[psutil.Process]:
        return [process for process in pair.world.processes() if home in words_of(process)]

    found = mine()
    for stroke in (psutil.Process.suspend, psutil.Process.kill):  # at once: none sees another one end
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                stroke(process)
    eventually(lambda: not mine(), 10, "every process has ended")


def words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended meanwhile
        return []


def test_a_host_that_is_switched_off_and_on_fails_its_job_which_then_goes_on(pair: Scenario, tmp_path: Path) -> None:
    world = pair.world
    job = submitted(pair, tmp_path)
    reached(pair, job, "train", 60)
    off(pair, 2)
    begun = time.monotonic()
    while set(world.states(job)) != {"failed"}:
        assert time.monotonic() - begun < 15, world.record(job)
    cause = world.record(job)["cause"]
    assert (cause["code"], cause["role"], cause["party"]) == ("FW-JOB-068", "host1", 2), cause
    world.train("p", "example")
    assert world.warden("job", "resume", job).code == 0
    world.wait(job)
    assert "FW-NOTE-501" in [note["code"] for note in world.role_status(2, job, "host1")["notices"]]


faketime = pytest.mark.skipif(shutil.which("faketime") is None, reason="the program faketime is not installed")


def with_clock(pair: Scenario, party: int, offset: str) -> subprocess.Popen[bytes]:
    """The party's agent again, on a host whose clock is wrong by ``offset``; its workers inherit that."""
    home = pair.world.party_homes()[party]
    off(pair, party)
    before = (home / "agent.json").stat().st_mtime_ns
    words = ["faketime", "-f", offset, sys.executable, "-m", "fedwarden.party.agent", "--home", str(home)]
    # deadlines use the monotonic clock, which no wrong date moves
    environ = pair.world.environ | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    agent = subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        eventually(
            lambda: (home / "agent.json").stat().st_mtime_ns != before, 60, "the agent with the wrong clock is up"
        )
    except BaseException:
        end(pair, party, agent)
        raise
    return agent


def end(pair: Scenario, party: int, agent: subprocess.Popen[bytes]) -> None:
    """faketime is the agent's parent: its end alone would leave the agent, with its clock."""
    off(pair, party)
    agent.kill()
    agent.wait()


@faketime
@pytest.mark.parametrize("offset", ["+3600", pytest.param("-3600", marks=pytest.mark.long)])
def test_a_clock_that_is_an_hour_wrong_changes_nothing(pair: Scenario, offset: str) -> None:
    agent = with_clock(pair, 2, offset)
    try:
        _, job = pair.world.train("p")
        record = pair.world.record(job)
        started = {role["role"]: role["started"] for role in record["roles"]}
        assert abs(ahead(started["host1"], started["guest"]) - int(offset)) < 600, "the clock really was wrong"
        assert record["state"] == "success" and record["attempt"] == 1
    finally:
        end(pair, 2, agent)


@faketime
@pytest.mark.long
def test_a_clock_before_the_certificates_is_named(pair: Scenario) -> None:
    agent = with_clock(pair, 2, "-172800")
    try:
        run = pair.world.script("-f", "submit", "-proj", "p", "-alg", "example", "-m", 1)
        assert run.code == 1 and len(run.complaint) == 1, run
        assert "does not accept this side's certificate" in run.err and "clock" in run.err, run
    finally:
        end(pair, 2, agent)
    pair.world.train("p", "example")


def ahead(one: str, other: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds()
