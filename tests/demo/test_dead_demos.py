"""A demo that was killed is ended by the next one, or by --clean; one that lives is left alone."""

import subprocess
import sys
from pathlib import Path

from fedwarden.cli.leftovers import DEMO, LOCK, end_dead_demos, processes_under

HOLDER = """
import sys, time
from pathlib import Path
from fedwarden.common.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
AGENT = "import sys, time; print('up', flush=True); time.sleep(60)"


def started(*words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def test_a_killed_demo_is_cleared_and_a_living_one_is_not(tmp_path: Path) -> None:
    dead, living, foreign = (tmp_path / f"{DEMO}{name}" for name in ("dead", "living", "foreign"))
    for folder in (dead, living, foreign):
        (folder / "home").mkdir(parents=True)
    demos = [started(HOLDER, str(folder / LOCK)) for folder in (dead, living)]
    agents = [started(AGENT, str(folder / "home")) for folder in (dead, living, foreign)]
    try:
        assert end_dead_demos(tmp_path) == 0
        end(demos[0])
        assert end_dead_demos(tmp_path) == 1
        assert not dead.exists()
        assert agents[0].wait(10) is not None
        assert living.exists()
        assert foreign.exists()
        assert all(agent.poll() is None for agent in agents[1:])
        assert processes_under(living)
    finally:
        for process in (*demos, *agents):
            end(process) if process.stdout and not process.stdout.closed else None
