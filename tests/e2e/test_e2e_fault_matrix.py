"""kill -9 of every process in every phase: all roles fail with the right cause, the job goes on, the next one works.

``make test`` runs two cells a day, the others are long. ``make fault-matrix`` runs all and writes docs/fault-matrix.md.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from e2e_scenario import Scenario
from e2e_tables import breast
from e2e_world import PYTHON, ROOT, WARDEN, World, eventually, find
from fault_table import CELLS, PHASES, Cell, write_page

ROLES = {"guest": 1, "host1": 2, "host2": 3, "arbiter": 0}
OPTIONS = "max_iter: 120\nsigmoid: 64,28\nseed: 3\nguest_alone: true\ncheckpoint_every: 10\n"
#: From the kill until query says failed for every role.
SECONDS = 10
#: A phase of milliseconds may be over before it is seen: so often the cell is tried.
TRIES = 4

TABLE: list[Cell] = []


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """Guest 1, hosts 2 and 3, the project ``p`` uploaded."""
    folder = tmp_path_factory.mktemp("matrix")
    it = Scenario(World(folder / "world"), breast(folder / "tables", hosts=2, seed=12))
    world, (guest, host1, host2) = it.world, it.tables.paths
    try:
        run = world.script("-f", "deploy", "-id", 1, 2, 3, "-ip", *["127.0.0.1"] * 3)
        assert run.code == 0, run
        run = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host1, 3, host2, "-proj", "p")
        assert run.code == 0, run
        (folder / "options.yaml").write_text(OPTIONS)
        it.config = folder / "options.yaml"  # type: ignore[attr-defined]
        yield it
    finally:
        world.close()


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    out = request.config.pluginmanager.get_plugin("terminalreporter")
    for cell in TABLE:
        out.write_line(f"\n{cell.row:>16} x {cell.phase:<9} {cell.told}", flush=True)


def note(cell: Cell) -> None:
    """Into the table, and into the page where one is asked for."""
    TABLE.append(cell)
    if place := os.environ.get("FEDWARDEN_FAULT_TABLE"):
        write_page(Path(place), TABLE)


def killed_at(trial: Scenario, row: str, phase: str) -> str:
    """Submits, waits until the guest is in ``phase``, kills; the job's id. Fails when the phase is always missed."""
    world = trial.world
    for _ in range(TRIES):
        _, job = world.submit("p", "hetero_lr", "--config", trial.config)  # type: ignore[attr-defined]
        if seen(world, job, phase):
            party = int(row.split()[1]) if row.startswith("agent") else ROLES[row]
            if row.startswith("agent"):
                pid = world.agents()[party]["pid"]
            else:
                pid = pid_of(world, party, job, row)
            still = phase_of(world, job)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                if still == phase:
                    return job
        world.warden("job", "stop", job)
    raise AssertionError(f"{phase} was over each time before it was seen")


def phase_of(world: World, job: str) -> str:
    status = world.role_status(1, job, "guest")
    name = status.get("phase", "")
    if status.get("state") in ("success", "failed"):
        return "over"
    if name == "train":  # once the guest has two checkpoints, every party has one of them
        kept = world.home.glob(f"deployments/*/party-1/jobs/{job}/guest.resume/*.shares")
        return "train" if len(list(kept)) > 1 else "share"
    return {"wait for turn": "connect", "load": "align", "store": "finish"}.get(name, name)


def seen(world: World, job: str, phase: str) -> bool:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        now = phase_of(world, job)
        if now == phase:
            return True
        if now == "over" or (now in PHASES and PHASES.index(now) > PHASES.index(phase)):
            return False
        time.sleep(0.001)
    raise AssertionError(f"the guest never comes to {phase}: {world.record(job)}")


def pid_of(world: World, party: int, job: str, role: str) -> int:
    end = time.monotonic() + 10
    while not (pid := world.role_status(party, job, role).get("pid")):
        assert time.monotonic() < end, f"{role} has no process"
        time.sleep(0.001)
    return int(pid)


def failed_with_its_cause(world: World, job: str, row: str, begun: float) -> tuple[float, dict[str, Any]]:
    """Seconds until a query that says failed for every role begins (a busy machine takes long to start one); the first
    cause, which names the one that was killed."""
    asked = time.monotonic()
    while set(world.states(job)) != {"failed"}:
        assert asked - begun < SECONDS, world.record(job)
        asked = time.monotonic()
    seconds = asked - begun
    record = world.record(job)
    cause = record["cause"]
    if row.startswith("agent"):
        assert cause["code"] in ("FW-JOB-106", "FW-JOB-068"), cause
        assert cause["party"] == int(row.split()[1]), cause
    else:
        assert (cause["code"], cause["role"], cause["party"]) == ("FW-JOB-060", row, ROLES[row]), cause
    return seconds, cause


def gone_on(world: World, job: str) -> str:
    """Resumes to success; where it began."""
    run = world.warden("job", "resume", job)
    assert run.code == 0, run
    eventually(lambda: phase_of(world, job) == "over", 120, "the resumed job ends")
    world.wait(job)
    notes = {note["code"]: note["params"] for note in world.role_status(1, job, "guest")["notices"]}
    if "FW-NOTE-501" not in notes:
        return "start"
    return f"{notes['FW-NOTE-501']['phase']} {notes['FW-NOTE-501']['iteration']}"


def killed_command(trial: Scenario, phase: str) -> str:
    """``fedwarden train`` is killed: the job is not its child and goes on to success."""
    world = trial.world
    words = [WARDEN, "train", "--project", "p", "--config", str(trial.config), "--json"]  # type: ignore[attr-defined]
    for _ in range(TRIES):
        before = set(world.home.glob("deployments/*/party-1/jobs/*"))
        with subprocess.Popen(words, env=world.environ, stdout=-3, stderr=-3, cwd="/") as running:
            end = time.monotonic() + 60
            while not (new := set(world.home.glob("deployments/*/party-1/jobs/*/guest.status.json"))) or not (
                jobs := {path.parent for path in new} - before
            ):
                assert time.monotonic() < end and running.poll() is None
                time.sleep(0.001)
            job = jobs.pop().name
            there = seen(world, job, phase)
            running.kill()
        if there:
            break
    if phase == "connect":  # perhaps before the job was on record: then the next command takes it back
        known = [it for it in find(world.warden("jobs", "--json").json, "job_id") if it == job]
        if not known or world.script("-f", "query", "-jid", job).out.strip() == "failed":
            world.train("p", "example")
            return "taken back"
    world.wait(job)
    return "goes on"


def publishing(trial: Scenario, row: str) -> str:
    """Kills during load_bind; the same command afterwards gives the name to the model, and it answers."""
    world, tables = trial.world, trial.tables
    if not trial.model:  # the other cells need none
        trial.model, trial.job = world.train("p", "hetero_lr", "--config", trial.config)  # type: ignore[attr-defined]
    words = ["-f", "load_bind", "-mid", trial.model, "-mver", trial.job, "-mname", "m"]
    command = [PYTHON, str(ROOT / "script.py"), *words]
    with subprocess.Popen(command, env=world.environ, stdout=-3, stderr=-3, cwd="/") as running:
        time.sleep(0.5)
        if row == "command":
            running.kill()
        else:
            psutil.Process(world.agents()[int(row.split()[1])]["pid"]).kill()
    run = world.script(*words)
    assert (run.out, run.code) == ("load_bind success.\n", 0), run
    assert (
        0 <= world.script("-f", "predict", "-mname", "m", "-sid", tables.ids[0], "-params", *tables.words(0)).prob <= 1
    )
    return "the same command again"


def _marked() -> list[Any]:
    """Two cells of the day run always; the others are long."""
    day = datetime.datetime.now(datetime.UTC).date().toordinal()
    today = {(2 * day) % len(CELLS), (2 * day + len(CELLS) // 2) % len(CELLS)}
    return [
        pytest.param(*cell, marks=() if place in today else pytest.mark.long, id="-".join(cell).replace(" ", ""))
        for place, cell in enumerate(CELLS)
    ]


@pytest.mark.parametrize(("row", "phase"), _marked())
def test_a_killed_process_fails_the_job_with_its_cause_and_the_job_goes_on(
    trial: Scenario, row: str, phase: str
) -> None:
    world = trial.world
    if phase == "publish":
        note(Cell(row, phase, publishing(trial, row)))
        return
    if row == "command":
        note(Cell(row, phase, killed_command(trial, phase)))
        return
    job = killed_at(trial, row, phase)
    seconds, cause = failed_with_its_cause(world, job, row, time.monotonic())
    assert seconds < SECONDS, f"failed everywhere only after {seconds:.1f} s"
    place = gone_on(world, job)
    if phase in ("train", "evaluate", "refit", "finish"):
        assert place != "start", json.dumps(world.record(job))
    note(Cell(row, phase, f"{cause['code']}, {place}"))
    assert not list(world.home.glob(f"deployments/*/party-*/jobs/{job}/*.resume"))
