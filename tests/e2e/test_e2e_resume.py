"""A failed training goes on under its own id where all parties last agree, and its model is the uninterrupted one's."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from e2e_scenario import Scenario
from e2e_training import a_pair, end_jobs, reached, submitted
from e2e_world import World, eventually


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    yield from a_pair(tmp_path_factory.mktemp("resume"), seed=9)


@pytest.fixture(autouse=True)
def nothing_goes_on(pair: Scenario) -> Iterator[None]:
    yield
    end_jobs(pair)


def weights(world: World, job: str) -> np.ndarray[Any, Any]:
    parts = [world.model_part(1, job, "guest"), world.model_part(2, job, "host1")]
    return np.array([w for part in parts for w in part["standardised"].values()])


def kept(world: World, job: str) -> list[Path]:
    return sorted(world.home.glob(f"deployments/*/party-*/jobs/{job}/*.resume/*"))


@pytest.fixture(scope="module")
def whole(pair: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The uninterrupted job's record and weights."""
    job = submitted(pair, tmp_path_factory.mktemp("whole"))
    pair.world.wait(job)
    return pair.world.record(job), weights(pair.world, job)


def like_the_uninterrupted(pair: Scenario, job: str, whole: Any) -> Any:
    record, (before, expected) = pair.world.record(job), whole
    assert np.abs(weights(pair.world, job) - expected).max() < 1e-4
    guest, uninterrupted = ({r["role"]: r for r in rec["roles"]}["guest"] for rec in (record, before))
    assert guest["result"]["iterations"] == uninterrupted["result"]["iterations"]
    assert [t for t, _ in guest["result"]["losses"]] == [t for t, _ in uninterrupted["result"]["losses"]]
    for name in ("aligned", "training_rows"):
        assert guest["result"][name] == uninterrupted["result"][name]
    for name, value in uninterrupted["metrics"]["validation"].items():
        assert guest["metrics"]["validation"][name] == pytest.approx(value, abs=1e-4)
    assert kept(pair.world, job) == [], "what a job could go on from is erased when it ends well"
    return record


def test_a_killed_training_goes_on_in_the_middle_and_ends_like_an_uninterrupted_one(
    pair: Scenario, tmp_path: Path, whole: Any
) -> None:
    world = pair.world
    job = submitted(pair, tmp_path)
    reached(pair, job, "train", 130)
    os.kill(world.role_status(2, job, "host1")["pid"], signal.SIGKILL)
    world.wait(job, "failed", 20)
    files = kept(world, job)
    assert {path.parent.name for path in files} == {"guest.resume", "host1.resume"}, "the arbiter keeps nothing"
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in files} == {0o700}

    run = world.warden("job", "resume", job)
    assert run.code == 0 and "attempt 2" in run.out and "Next:" in run.out, run
    assert set(world.states(job)) <= {"waiting", "running"}, "the old word of query again"
    world.wait(job)
    record = like_the_uninterrupted(pair, job, whole)
    assert record["attempt"] == 2 and [it["attempt"] for it in record["attempts"]] == [1]
    first = record["attempts"][0]["cause"]
    assert (first["code"], first["role"], first["party"]) == ("FW-JOB-060", "host1", 2)
    for role in record["roles"]:
        assert [it["attempt"] for it in role["attempts"]] == [1], role
        phases = [phase["name"] for phase in role["phases"]]
        assert "resume" in phases and "align" not in phases, phases
        (note,) = [note for note in role["notices"] if note["code"] == "FW-NOTE-501"]
        assert note["params"]["phase"] == "train" and note["params"]["iteration"] >= 125, note
    shown = world.warden("job", "show", job)
    assert "attempt 1 failed" in shown.out and "resume" in shown.out, shown
    guest = world.role_status(1, job, "guest")
    assert any("iterations repeated" in it["what"] for it in guest["revealed"]), "what is opened again is declared"
    assert world.bind("arbiter-0#guest-1#host-2#model", job, "resumed").code == 0


def test_a_job_killed_in_refit_goes_on_in_refit_with_its_evaluation(pair: Scenario, tmp_path: Path, whole: Any) -> None:
    world = pair.world
    job = submitted(pair, tmp_path)
    reached(pair, job, "refit", 100)
    evaluated = world.role_status(1, job, "guest")["metrics"]
    os.kill(world.role_status(1, job, "guest")["pid"], signal.SIGKILL)
    world.wait(job, "failed", 20)
    assert world.warden("job", "resume", job).code == 0
    world.wait(job)
    record = like_the_uninterrupted(pair, job, whole)
    guest = {role["role"]: role for role in record["roles"]}["guest"]
    assert guest["metrics"] == evaluated
    assert not {"align", "train", "evaluate"} & {phase["name"] for phase in guest["phases"]}
    what = [it["what"] for it in guest["revealed"]]
    assert "training scores" in what and "refit: training scores" in what, (
        "what the first attempt opened stays on record"
    )


def test_a_job_with_retries_goes_on_by_itself(pair: Scenario, tmp_path: Path, whole: Any) -> None:
    world = pair.world
    job = submitted(pair, tmp_path, retries=2)
    reached(pair, job, "train", 60)
    os.kill(world.role_status(0, job, "arbiter")["pid"], signal.SIGKILL)
    attempt_begins(pair, job, 2)
    os.kill(world.agents()[2]["pid"], signal.SIGKILL)  # the agent itself: it has to be started again first
    attempt_begins(pair, job, 3)
    eventually(lambda: world.role_status(1, job, "guest")["state"] == "success", 90, "nobody asked, and it ended well")
    eventually(lambda: watchers(world) == [], 20, "the watcher ends when no job is left for it")
    record = like_the_uninterrupted(pair, job, whole)
    assert record["attempt"] == 3 and [it["again"] for it in record["attempts"]] == ["retry", "retry"]


def attempt_begins(pair: Scenario, job: str, attempt: int) -> None:
    """Without any command: it trains in that attempt."""

    def there() -> bool:
        status = pair.world.role_status(1, job, "guest")
        return status["attempt"] == attempt and status["state"] == "running" and status["phase"] == "train"

    eventually(there, 60, f"attempt {attempt} trains, and no command was given")


def watchers(world: World) -> list[int]:
    found = []
    for process in world.processes():
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            if "fedwarden.regulator.watching" in process.cmdline():
                found.append(process.pid)
    return found


def test_one_watcher_is_enough_and_a_killed_one_is_replaced_by_the_next_query(pair: Scenario, tmp_path: Path) -> None:
    world = pair.world
    jobs = [submitted(pair, tmp_path, iterations=100_000, retries=1) for _ in range(2)]
    eventually(lambda: len(watchers(world)) == 1, 10, "one watcher for both jobs")
    os.kill(watchers(world)[0], signal.SIGKILL)
    eventually(lambda: watchers(world) == [], 10, "it is gone")
    assert set(world.states(jobs[0])) <= {"waiting", "running"}
    eventually(lambda: len(watchers(world)) == 1, 10, "query starts it again")
    for job in jobs:
        assert world.warden("job", "stop", job).code == 0
    eventually(lambda: watchers(world) == [], 20, "stopped jobs need none")
    assert [world.record(job)["attempt"] for job in jobs] == [1, 1], "a stopped job stays stopped"


@pytest.mark.long
def test_retries_that_are_used_up_leave_the_job_failed_and_a_stopped_job_stays_stopped(
    pair: Scenario, tmp_path: Path
) -> None:
    world = pair.world
    job = submitted(pair, tmp_path, iterations=100_000, retries=1)
    for expected in (False, True):
        reached(pair, job, "train", 1)
        os.kill(world.role_status(1, job, "guest")["pid"], signal.SIGKILL)
        if expected:
            world.wait(job, "failed", 20)
        else:
            attempt_begins(pair, job, 2)
    job = submitted(pair, tmp_path, iterations=100_000, retries=5)
    reached(pair, job, "train", 1)
    assert world.warden("job", "stop", job).code == 0
    assert set(world.states(job)) == {"failed"}
    assert world.record(job)["attempt"] == 1


@pytest.mark.long
def test_a_damaged_or_missing_checkpoint_means_an_older_one_or_the_start(pair: Scenario, tmp_path: Path) -> None:
    world = pair.world
    job = submitted(pair, tmp_path, iterations=300)
    reached(pair, job, "train", 110)
    os.kill(world.role_status(2, job, "host1")["pid"], signal.SIGKILL)
    world.wait(job, "failed", 20)
    newest = [path for path in kept(world, job) if path.suffix == ".shares" and path.parent.name == "host1.resume"][-1]
    newest.write_bytes(newest.read_bytes()[:-9])
    assert world.warden("job", "resume", job).code == 0
    reached(pair, job, "train", 1)
    (note,) = [n for n in world.role_status(1, job, "guest")["notices"] if n["code"] == "FW-NOTE-501"]
    assert note["params"]["iteration"] < int(newest.stem.split("-")[2])
    os.kill(world.role_status(2, job, "host1")["pid"], signal.SIGKILL)
    world.wait(job, "failed", 20)
    for folder in {path.parent for path in kept(world, job) if path.parent.name == "host1.resume"}:
        shutil.rmtree(folder)
    assert world.warden("job", "resume", job).code == 0
    world.wait(job)
    record = world.record(job)
    assert record["attempt"] == 3
    for role in record["roles"]:
        assert "FW-NOTE-502" in [note["code"] for note in role["notices"]], role


@pytest.mark.long
def test_linear_regression_and_the_example_begin_again(pair: Scenario, tmp_path: Path) -> None:
    world = pair.world
    for algorithm in ("hetero_linr", "example"):
        job = submitted(pair, tmp_path, algorithm=algorithm)
        world.warden("job", "stop", job)
        if set(world.states(job)) != {"failed"}:
            continue  # it was faster
        assert world.warden("job", "resume", job).code == 0
        world.wait(job)
        assert world.record(job)["attempt"] == 2


def test_what_cannot_be_resumed_is_refused_with_the_reason(pair: Scenario, tmp_path: Path) -> None:
    world = pair.world
    job = submitted(pair, tmp_path, iterations=100_000)
    reached(pair, job, "train", 60)
    run = world.warden("job", "resume", job)
    assert run.code == 1 and "running" in run.err and len(run.complaint) == 1, run
    assert world.warden("job", "stop", job).code == 0
    table = pair.tables.paths[1]
    text = table.read_bytes()
    table.write_bytes(text.replace(b"1", b"2", 1))
    try:
        run = world.warden("job", "resume", job)
        assert run.code == 1 and len(run.complaint) == 1 and str(table) in run.err, run
        assert "host1" in run.err and "party 2" in run.err, "it says whose table that is"
        assert set(world.states(job)) == {"failed"}
    finally:
        table.write_bytes(text)
    done = pair.world.train("p", "example")[1]
    run = world.warden("job", "resume", done)
    assert run.code == 1 and "success" in run.err, run
    assert world.warden("job", "resume", "2" * 21).code == 1


@pytest.mark.long
def test_a_resume_that_is_killed_goes_on_with_the_same_command(pair: Scenario, tmp_path: Path) -> None:
    import subprocess

    from e2e_world import WARDEN

    world = pair.world
    job = submitted(pair, tmp_path, iterations=400)
    reached(pair, job, "train", 60)
    os.kill(world.role_status(2, job, "host1")["pid"], signal.SIGKILL)
    world.wait(job, "failed", 20)
    for moment in (0.6, 1.0, 1.5):
        running = subprocess.Popen([WARDEN, "job", "resume", job], env=world.environ, stdout=-3, stderr=-3, cwd="/")
        time.sleep(moment)
        running.kill()
        running.wait()
    end = time.monotonic() + 60
    while set(world.states(job)) != {"success"}:
        assert time.monotonic() < end, world.record(job)
        if set(world.states(job)) == {"failed"}:
            run = world.warden("job", "resume", job)
            assert run.code == 0 or re.search("running|success|waiting", run.err), run
        time.sleep(0.2)
