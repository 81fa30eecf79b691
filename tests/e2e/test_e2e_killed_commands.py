"""A command that is killed in the middle leaves nothing that the next command does not put right."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from e2e_scenario import Scenario
from e2e_tables import breast
from e2e_world import PYTHON, ROOT, World, find

MOMENTS = (0.2, 0.5, 0.9, 1.4, 2.0, 2.8)


def killed_after(world: World, seconds: float, *words: object) -> bool:
    """Starts script.py and ends it with SIGKILL; False when it had ended by itself."""
    running = subprocess.Popen(
        [PYTHON, str(ROOT / "script.py"), *map(str, words)],
        env=world.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        running.wait(seconds)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
        return True
    return False


@pytest.mark.long
@pytest.mark.parametrize("moment", MOMENTS)
def test_deploy_killed_in_the_middle_goes_on_with_the_same_command(tmp_path: Path, moment: float) -> None:
    world = World(tmp_path / "world")
    words = ("-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
    try:
        killed_after(world, moment, "-f", "deploy", *words)
        run = world.script("-f", "deploy", *words)
        assert (run.out, run.code) == ("deploy success.\n", 0), run
        assert sorted(world.agents()) == [0, 1, 2]
        assert len({p.pid for p in world.processes() if "fedwarden.party.agent" in p.cmdline()}) == 3
        run = world.script("-f", "delete", *words)
        assert (run.out, run.code) == ("delete success.\n", 0), run
        assert not world.processes() and not list(world.home.glob("deployments/*/*"))
    finally:
        world.close()


@pytest.mark.long
def test_submit_killed_in_the_middle_leaves_no_job_that_never_ends(trio: Scenario) -> None:
    world = trio.world
    for moment in MOMENTS[:4]:
        killed_after(world, moment, "-f", "submit", "-proj", "breast", "-alg", "example", "-m", 1)
    _, last = world.submit("breast", "example")
    world.wait(last)
    end = time.monotonic() + 60
    for job in {job for job in find(world.warden("jobs", "--json").json, "job_id") if job}:
        while not set(world.states(job)) <= {"success", "failed"}:
            assert time.monotonic() < end, world.record(job)
            time.sleep(0.3)


@pytest.mark.long
def test_load_bind_and_upload_killed_in_the_middle_keep_what_was_there(tmp_path: Path) -> None:
    world, tables = World(tmp_path / "world"), breast(tmp_path / "tables")
    guest, host = tables.paths
    try:
        assert world.script("-f", "deploy", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1").code == 0
        upload = ("-f", "upload", "-gp", 1, guest, "-hp", 2, host, "-proj", "p")
        assert world.script(*upload).code == 0
        model, version = world.train("p")
        assert world.bind(model, version, "m").code == 0
        predict = ("-f", "predict", "-mname", "m", "-sid", tables.ids[0], "-params", *tables.words(0))
        expected = world.script(*predict).prob
        for moment in MOMENTS[:4]:
            killed_after(world, moment, *upload)
            killed_after(world, moment, "-f", "load_bind", "-mid", model, "-mver", version, "-mname", "m")
            assert world.script(*predict).prob == expected
        assert world.script(*upload).code == 0
        world.train("p")
    finally:
        world.close()
