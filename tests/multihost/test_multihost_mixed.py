"""Three ways into one deployment: root by password, a user by key, and a party that joins by its own hand.

Everything that is offered is done with it, through script.py and through the command, from files that exist only on
those hosts; afterwards each host is what it was before.
"""

import ast
import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from multihost_world import world_on

from support.tables import breast_tables

# two minutes: `make test-hosts` runs it, `make test` does not
pytestmark = pytest.mark.long

JOINED = "/opt/fedwarden/party"
PROGRAM = "/opt/program"


@pytest.fixture(scope="module")
def world(rig, tmp_path_factory):
    with world_on(rig, tmp_path_factory.mktemp("mixed")) as made:
        made.before = [made.footprint(number) for number in (1, 2, 3)]
        made.file = made.home.parent / "fedwarden.yaml"
        one, two, _ = rig.hosts
        parties = [
            {"id": 1, "name": "bank", "host": one.ip, "password_from": "env:BANK_PASSWORD"},
            {"id": 2, "name": "shop", "host": two.ip, "user": "deploy", "key": str(two.key)},
            {"id": 3, "name": "clinic", "join": True},
        ]
        made.file.write_text(yaml.safe_dump({"deployment": "mixed", "parties": parties}))
        yield made


def verb(world, *words, code: int = 0) -> dict:
    run = world.cli(*words, "--json", BANK_PASSWORD=world.passwords[0])
    if "FW-SSH-050" in run.out:
        pytest.skip(f"no bundle can be made here: {run.err.strip()}")
    assert run.code == code, run
    return json.loads(run.out)


def old_words(world, *words) -> str:
    run = world.script("-f", *words, BANK_PASSWORD=world.passwords[0])
    assert run.code == 0, run
    return run.out


def own_hand(world, *words, more: str = "") -> str:
    """What ``fedwarden party …`` prints on the third host."""
    return world.rig.shell(3, f"cd / && {shlex.join([f'{PROGRAM}/bin/fedwarden', 'party', *words])} {more}")


@pytest.fixture(scope="module")
def joined(world):
    """The third party's operator installs the bundle without any network and joins; the regulator has no way in."""
    version = world.rig.shell(3, "python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'").strip()
    bundle = verb(world, "bundle", "--python", version)
    host = world.rig.hosts[2]
    (host.data / "bundle.tar").write_bytes(Path(bundle["path"]).read_bytes())
    world.rig.shell(
        3, f"cd /data && tar -xf bundle.tar && sh fedwarden-bundle/install.sh {PROGRAM} && rm -r fedwarden-bundle*"
    )
    world.rig.shell(3, "rm /data/bundle.tar")
    regulator = f"{host.ip.rpartition('.')[0]}.254"
    listener = subprocess.Popen(
        [sys.executable, "-P", "-m", "fedwarden", "enrol", "--listen", f"{regulator}:0"],
        env=world.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    try:
        address = re.search(r"listening at (\S+)", listener.stdout.readline())[1]
        verb(world, "invite", "--party", 3, "--at", address, "--output", host.data / "invitation.txt")
        own_hand(world, "join", "/data/invitation.txt", more=">/data/join.log 2>&1 &")
        log, end = host.data / "join.log", time.monotonic() + 60
        while not (shown := re.search(r"Request (i\d+) waits.*: ([0-9a-f]{64})", log.read_text())):
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        assert verb(world, "deploy", "-f", world.file, code=1)["code"] == "FW-DEP-742"
        assert not list(world.home.glob("deployments/*")), "it began before everybody was there"
        verb(world, "approve", shown[1], "--fingerprint", shown[2])
        while "joined" not in log.read_text():
            assert time.monotonic() < end and "error" not in log.read_text(), log.read_text()
            time.sleep(0.2)
        world.rig.shell(3, "rm /data/invitation.txt /data/join.log")
        yield
    finally:
        listener.terminate()
        listener.communicate(timeout=20)


@pytest.fixture(scope="module")
def deployed(world, joined):
    begin = time.monotonic()
    done = verb(world, "deploy", "-f", world.file)
    first = time.monotonic() - begin
    assert {one["party"]: one["action"] for one in done["steps"]} == {0: "create", 1: "create", 2: "create", 3: "admit"}
    assert [(one["ok"], one["changed"], one["failed"]) for one in done["recap"]] == [(1, 1, 0)] * 4
    begin = time.monotonic()
    again = verb(world, "deploy", "-f", world.file)
    second = time.monotonic() - begin
    assert (again["changed"], {one["changed"] for one in again["recap"]}) == (0, {0})
    world.seconds = first, second


@pytest.fixture(scope="module")
def tables(world, deployed, tmp_path_factory):
    made = breast_tables(tmp_path_factory.mktemp("tables"), parties=3)
    for host, source in zip(world.rig.hosts, [made.guest, *made.hosts], strict=True):
        (host.data / "table.csv").write_bytes(source.read_bytes())
        source.unlink()
    return made


def test_1_each_agent_runs_as_whom_it_was_let_in(world, deployed, capsys):
    with capsys.disabled():
        print(
            "\nthree hosts, two of them over SSH, the bundle there: deploy {:.1f} s, again {:.1f} s".format(
                *world.seconds
            )
        )
    for number, (user, program) in enumerate([("root", "/opt/fedwarden/envs/"), ("deploy", "/envs/")], 1):
        running = world.rig.shell(number, f"pgrep -u {user} -fa '[f]edwarden.party.agent'")
        assert (running.count("\n"), program in running) == (1, True), running
    assert JOINED in world.rig.shell(3, "pgrep -fa '[f]edwarden.party.agent'")
    assert "sshd: root@" not in world.rig.shell(3, "ps -eo args="), "the regulator logged in at the third host"


def test_2_all_functions_through_script_py(world, tables):
    out = old_words(
        world, "upload", "-proj", "s", "-gp", 1, "/data/table.csv", "-hp", 2, "/data/table.csv", 3, "/data/table.csv"
    )
    assert out == "upload success.\n"
    for algorithm in ("example", "hetero_linr", "hetero_lr"):
        run = world.script("-f", "submit", "-proj", "s", "-alg", algorithm, "-m", 1)
        assert run.code == 0, run
        assert world.finished(run) == ["success"] * 4
    job = ast.literal_eval(run.out)
    model = ("-mid", job["model_id"], "-mver", job["model_version"], "-mname", "old")
    assert old_words(world, "load_bind", *model) == "load_bind success.\n"
    answer = json.loads(old_words(world, "predict", "-mname", "old", "-sid", tables.ids[0]))
    assert (answer["retcode"], 0 < answer["prob"] < 1) == (0, True)
    row = [repr(value) for value in tables.blocks[0][0].tolist()]
    assert json.loads(old_words(world, "predict", "-mname", "old", "-params", *row))["retcode"] == 0


def test_3_all_functions_through_the_command(world, tables):
    verb(world, "upload", "--project", "c", "--guest", "1=/data/table.csv", "--host", "3=/data/table.csv")
    for algorithm in ("example", "hetero_linr", "hetero_lr"):
        trained = verb(world, "train", "--project", "c", "--algorithm", algorithm)
        assert trained["state"] == "success"
    verb(world, "publish", trained["jobid"], "--name", "new")
    by_id = verb(world, "predict", "new", "--sample-id", tables.ids[0])
    assert 0 < by_id["prob"] < 1
    row = ",".join(repr(value) for value in tables.blocks[0][0].tolist())
    assert 0 < verb(world, "predict", "new", "--params", row)["prob"] < 1


def test_4_delete_leaves_every_host_as_it_was_and_the_partys_own_agent_to_its_party(world, tables):
    out = old_words(world, "delete", "-id", 1, 2, 3, "-ip", *world.ips)
    assert out == "delete success.\n"
    for number in (1, 2):
        assert sorted(world.footprint(number) ^ world.before[number - 1]) == ["/data/table.csv"]
    assert not list(world.home.glob("deployments/*/*"))
    assert JOINED in world.rig.shell(3, "pgrep -fa '[f]edwarden.party.agent'")


def test_5_a_party_that_leaves_by_its_own_hand_keeps_its_policy_and_its_audit_log_and_nothing_else(world, tables):
    own_hand(world, "leave", "--yes")
    world.rig.shell(3, f"rm -r {PROGRAM}")
    kept = ["/data/table.csv", "/opt/fedwarden", JOINED, f"{JOINED}/audit.jsonl", f"{JOINED}/policy.yaml"]
    assert sorted(world.footprint(3) ^ world.before[2]) == kept
