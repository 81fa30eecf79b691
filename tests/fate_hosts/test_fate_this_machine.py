"""The regulator's own machine carries the cluster: no SSH, no password; one id is guest, host and arbiter."""

import ast
import subprocess
import sys
import time

import pytest
from fate_world import FOLDER, images, world

from multihost.multihost_world import PYTHON, ROOT
from support.tables import breast_tables

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def machine():
    """A rig host that sees this checkout and its Python: what runs there is on the machine of its Docker."""
    with world(1, RIG_HIDE="", RIG_EXPOSE=f"{sys.base_prefix} {ROOT}") as made:
        made.load(1, images())
        yield made


def script(machine, *words):
    command = ["env", "FEDWARDEN_HOME=/data/regulator", "FEDWARDEN_LANG=en", PYTHON, str(ROOT / "script.py")]
    done = subprocess.run(
        ["bash", str(ROOT / "tests/rig/hosts.sh"), "exec", "1", *command, "-f", *map(str, words)],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", **machine.rig.environment},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_deployed_used_and_purged_without_any_login(machine, tmp_path):
    ip = machine.ips[0]
    found = script(machine, "deploy", "-e", "fate", "-id", 1, "-ip", ip)
    assert found[:2] == (0, "deploy success.\n"), found
    assert "first contact" not in found[2]
    assert len(machine.containers(1)) == 9
    tables = breast_tables(tmp_path, parties=2)
    for name, source in (("guest", tables.guest), ("host", tables.hosts[0])):
        (machine.rig.hosts[0].data / f"{name}.csv").write_bytes(source.read_bytes())
    found = script(machine, "upload", "-proj", "p", "-gp", 1, "/data/guest.csv", "-hp", 1, "/data/host.csv")
    assert found[:2] == (0, "upload success.\n"), found
    found = script(machine, "submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1)
    assert found[0] == 0, found
    answer = ast.literal_eval(found[1])
    assert answer["model_id"] == "arbiter-1#guest-1#host-1#model"
    end = time.monotonic() + 120
    words = ["waiting"]
    while {"waiting", "running"} & set(words) and time.monotonic() < end:
        words = script(machine, "query", "-jid", answer["jobid"])[1].split()
    assert words == ["success"] * 3
    assert machine.rig.shell(1, f"ls {FOLDER}/party-1/data/staged") == ""
    found = script(machine, "delete", "-id", 1, "-ip", ip, "--purge")
    assert found[:2] == (0, "delete success.\n"), found
    assert machine.everything(1) == []
    assert "fedwarden" not in machine.rig.shell(1, "ls -A /opt")
