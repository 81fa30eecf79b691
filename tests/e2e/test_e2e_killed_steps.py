"""The regulator's command is killed right after each of its steps has left its mark; the same command then goes on."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e_scenario import Scenario
from e2e_tables import breast
from e2e_world import PYTHON, ROOT, World, find

IDS = ("-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
Mark = Callable[[World], bool]


def stored(table: str, state: str) -> Mark:
    """A row of the store is in this state."""

    def look(world: World) -> bool:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_reader(world)) as store:
            return bool(store.execute(f"select 1 from {table} where state = ?", (state,)).fetchone())
        return False

    return look


def _reader(world: World) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{world.home / 'regulator.db'}?mode=ro", uri=True, timeout=0.2)


def files(pattern: str, count: int) -> Mark:
    """So many files of a kind are there."""
    return lambda world: len(list(world.home.glob(pattern))) >= count


def gone(pattern: str, left: int) -> Mark:
    return lambda world: len(list(world.home.glob(pattern))) <= left


def killed_when(world: World, mark: Mark, *words: object) -> bool:
    """Ends the command with SIGKILL as soon as the mark is seen; False when it had ended by itself before."""
    running = subprocess.Popen(
        [PYTHON, str(ROOT / "script.py"), *map(str, words)],
        env=world.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 120
    while running.poll() is None:
        assert time.monotonic() < end, f"{words} leaves no such mark"
        if mark(world):
            running.kill()
            running.wait()
            return True
        time.sleep(0.001)
    return False


def same_command(world: World, function: str, *words: object) -> None:
    run = world.script("-f", function, *words)
    assert (run.out, run.code) == (f"{function} success.\n", 0), run


@pytest.mark.long
@pytest.mark.parametrize(
    "mark",
    [
        pytest.param(files("pki/ca.crt", 1), id="authority"),
        pytest.param(stored("deployments", "deploying"), id="on-record"),
        pytest.param(files("deployments/*/party-*/cert.pem", 1), id="first-certificate"),
        pytest.param(files("deployments/*/party-*/agent.json", 1), id="first-agent"),
        pytest.param(files("deployments/*/party-*/agent.json", 3), id="all-agents"),
        pytest.param(files("deployments/*/party-*/jobs/*/spec.json", 1), id="secure-addition"),
    ],
)
def test_deploy_killed_after_any_step_goes_on(tmp_path: Path, mark: Mark) -> None:
    world = World(tmp_path / "world")
    try:
        assert killed_when(world, mark, "-f", "deploy", *IDS)
        same_command(world, "deploy", *IDS)
        assert len({p.pid for p in world.processes() if "fedwarden.party.agent" in p.cmdline()}) == 3
        assert sorted(world.agents()) == [0, 1, 2]
        same_command(world, "delete", *IDS)
        assert not world.processes() and not list(world.home.glob("deployments/*/*"))
    finally:
        world.close()


@pytest.mark.long
@pytest.mark.parametrize(
    "mark",
    [
        pytest.param(stored("deployments", "deleting"), id="on-record"),
        pytest.param(gone("deployments/*/party-*/agent.json", 2), id="first-folder"),
        pytest.param(gone("deployments/*/party-*/agent.json", 0), id="all-folders"),
    ],
)
def test_delete_killed_after_any_step_goes_on(tmp_path: Path, mark: Mark) -> None:
    world = World(tmp_path / "world")
    try:
        same_command(world, "deploy", *IDS)
        killed_when(world, mark, "-f", "delete", *IDS)
        run = world.script("-f", "delete", *IDS)
        finished = "nothing is deployed" in run.err  # the kill came after the last step, or another command finished it
        assert (run.out, run.code) == ("delete success.\n", 0) or finished, run
        assert not world.processes() and not list(world.home.glob("deployments/*/*"))
        same_command(world, "deploy", *IDS)
        same_command(world, "delete", *IDS)
    finally:
        world.close()


@pytest.mark.long
@pytest.mark.parametrize(
    "mark",
    [
        pytest.param(stored("jobs", "submitting"), id="on-record"),
        pytest.param(files("deployments/*/party-*/jobs/*/spec.json", 4), id="first-party"),
        pytest.param(files("deployments/*/party-*/jobs/*/spec.json", 6), id="all-parties"),
        pytest.param(stored("jobs", "active"), id="running"),
    ],
)
def test_submit_killed_after_any_step_leaves_no_job_that_never_ends(tmp_path: Path, mark: Mark) -> None:
    world, tables = World(tmp_path / "world"), breast(tmp_path / "tables")
    guest, host = tables.paths
    submit = ("-f", "submit", "-proj", "p", "-alg", "example", "-m", 1)
    try:
        same_command(world, "deploy", *IDS)
        same_command(world, "upload", "-gp", 1, guest, "-hp", 2, host, "-proj", "p")
        killed_when(world, mark, *submit)
        world.train("p", "example")
        for job in {job for job in find(world.warden("jobs", "--json").json, "job_id") if job}:
            end = time.monotonic() + 60
            while not set(world.states(job)) <= {"success", "failed"}:
                assert time.monotonic() < end, world.record(job)
                time.sleep(0.3)
    finally:
        world.close()


@pytest.mark.long
@pytest.mark.parametrize("count", [1, 2])
def test_upload_killed_after_any_party_registered_goes_on(tmp_path: Path, count: int) -> None:
    world, tables = World(tmp_path / "world"), breast(tmp_path / "tables")
    guest, host = tables.paths
    words = ("-gp", 1, guest, "-hp", 2, host, "-proj", "p")
    try:
        same_command(world, "deploy", *IDS)
        assert killed_when(world, files("deployments/*/party-*/datasets/*.json", count), "-f", "upload", *words)
        same_command(world, "upload", *words)
        world.train("p")
    finally:
        world.close()


@pytest.mark.long
@pytest.mark.parametrize("parties", [1, 2])
def test_load_bind_killed_after_any_party_bound_goes_on(trained: Scenario, parties: int) -> None:
    world, name = trained.world, f"killed{parties}"

    def bound(world: World) -> bool:
        books = [path for path in world.home.glob("deployments/*/party-*/bindings.json") if name in path.read_text()]
        return len(books) >= parties

    words = ("-mid", trained.model, "-mver", trained.job, "-mname", name)
    killed_when(world, bound, "-f", "load_bind", *words)
    same_command(world, "load_bind", *words)
    tables = trained.tables
    run = world.script("-f", "predict", "-mname", name, "-sid", tables.ids[0], "-params", *tables.words(0))
    assert 0 <= run.prob <= 1
