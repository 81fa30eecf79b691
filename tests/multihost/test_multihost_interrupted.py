"""A regulator killed in the middle of deploying over SSH: the same command goes on, and delete leaves nothing."""

import os
import signal
import subprocess
import time

import pytest
from multihost_world import PYTHON, ROOT, world_on

from rig.fixture import hosts

pytestmark = [pytest.mark.long, pytest.mark.rare]


def test_kill_9_in_the_middle_of_deploy_then_the_same_command_by_key(tmp_path):
    with (
        hosts(2, RIG_PASSWORD="no", RIG_ROOT_LOGIN="prohibit-password") as rig,
        world_on(rig, tmp_path) as world,
    ):
        key = {"FEDWARDEN_SSH_KEY": str(rig.hosts[0].key)}
        words = [PYTHON, str(ROOT / "script.py"), "-f", "deploy", *map(str, world.lists(2))]
        environment = {**os.environ, **key, "FEDWARDEN_HOME": str(world.home), "FEDWARDEN_LANG": "en"}
        running = subprocess.Popen(
            words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        end = time.monotonic() + 120
        while running.poll() is None and "envs" not in rig.shell(1, "ls /opt/fedwarden 2>/dev/null || true"):
            assert time.monotonic() < end
            time.sleep(0.1)
        if running.poll() is not None and b"pip could not get" in running.stderr.read():
            pytest.skip("no bundle can be made here")
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()

        without = world.script("-f", "upload", "-proj", "p", "-gp", 1, "/x", "-hp", 2, "/x")
        assert without.code == 1, without  # nothing can log in: says so and changes nothing

        run = world.deploy(2, **key)
        assert (run.code, run.out) == (0, "deploy success.\n"), run
        assert rig.shell(1, "ls /opt/fedwarden/agents").split() == ["d1"] or rig.shell(
            1, "ls /opt/fedwarden/agents"
        ).split() == ["d2"]

        refused = world.delete(2)  # no key: nothing is half deleted
        assert refused.code == 1, refused
        rig.call("partition", "2")
        try:
            half = world.delete(2, **key)
            assert half.code == 1, half
            assert world.ips[1] in half.err
        finally:
            rig.call("heal")
        again = world.delete(2, **key)
        assert (again.code, again.out) == (0, "delete success.\n"), again
        assert [world.left(1), world.left(2)] == ["", ""], again
