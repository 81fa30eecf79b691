"""Processes of a home are found and ended; others are left alone."""

import subprocess
import sys

from fedwarden.cli.leftovers import end_processes_under, processes_under

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


def test_only_the_processes_of_this_home_are_ended(tmp_path):
    home, other = tmp_path / "home", tmp_path / "home-of-another"
    home.mkdir()
    other.mkdir()
    mine = subprocess.Popen([sys.executable, "-c", SLEEP, "--home", str(home / "party-1")])
    theirs = subprocess.Popen([sys.executable, "-c", SLEEP, "--home", str(other)])
    try:
        assert processes_under(home) == [mine.pid]
        assert end_processes_under(home) == [mine.pid]
        assert mine.wait(5) == -15
        assert theirs.poll() is None
        assert processes_under(home) == []
    finally:
        for process in (mine, theirs):
            process.kill()
            process.wait()


def test_a_process_that_will_not_end_is_killed(tmp_path):
    mine = subprocess.Popen([sys.executable, "-c", STUBBORN, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert mine.stdout is not None
        mine.stdout.readline()
        end_processes_under(tmp_path, seconds=0.3)
        assert mine.wait(5) == -9
    finally:
        mine.kill()
        mine.wait()
        mine.stdout.close()
