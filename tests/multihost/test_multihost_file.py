"""fedwarden.yaml on three hosts, as an ordinary user by key: planned, deployed, changed, upgraded, taken down."""

import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
import yaml
from multihost_world import world_on

from support.tables import breast_tables

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def world(rig, tmp_path_factory):
    with world_on(rig, tmp_path_factory.mktemp("file")) as made:
        yield made


def write(world, count: int, **more) -> Path:
    """A file of ``count`` parties, each on its own host, with ``more`` fields at the top."""
    entries = [
        {"id": number, "name": f"party {number}", "host": host.ip, "user": "deploy", "key": str(host.key)}
        for number, host in enumerate(world.rig.hosts[:count], 1)
    ]
    path = world.home.parent / "fedwarden.yaml"
    path.write_text(yaml.safe_dump({"deployment": "loans", "parties": entries, **more}))
    return path


def deploy(world, file: Path, *words: object) -> dict:
    """The fields of a deploy that succeeds."""
    run = world.cli("deploy", "-f", file, "--json", *words)
    if "FW-SSH-050" in run.out:
        pytest.skip(f"no bundle can be made here: {run.err.strip()}")
    assert run.code == 0, run
    return json.loads(run.out)


def actions(fields: dict) -> dict[int, str]:
    return {step["party"]: step["action"] for step in fields["steps"]}


def agents(world, number: int) -> str:
    return world.rig.shell(number, "pgrep -u deploy -f '[f]edwarden.party.agent' || true")


def test_1_a_plan_changes_nothing_and_deploy_does_exactly_that_as_an_ordinary_user(world):
    file = write(world, 2)
    plan = deploy(world, file, "--plan")
    assert actions(plan) == {0: "create", 1: "create", 2: "create"}
    assert not world.home.exists()
    assert world.left(1) == ""
    begin = time.monotonic()
    done = deploy(world, file)
    first = time.monotonic() - begin
    assert done["steps"] == plan["steps"]
    assert {row["host"]: (row["ok"], row["changed"], row["failed"]) for row in done["recap"]} == dict.fromkeys(
        ["127.0.0.1", *world.ips[:2]], (1, 1, 0)
    )
    begin = time.monotonic()
    again = deploy(world, file)
    second = time.monotonic() - begin
    print(f"deploy with the bundle: {first:.1f} s, again: {second:.1f} s")
    assert {row["changed"] for row in again["recap"]} == {0}
    assert second < 30
    for number in (1, 2):
        assert len(agents(world, number).split()) == 1
        assert world.rig.shell(number, "ls -d /opt/fedwarden 2>/dev/null || true") == ""
        assert world.rig.shell(number, "stat -c %U:%a ~deploy/.fedwarden/host/agents/d1/*/key.pem").split() == [
            "deploy:600"
        ]


def test_2_a_party_that_cannot_be_added_leaves_everything_as_it_was(world):
    before = [agents(world, number) for number in (1, 2)]
    world.rig.shell(3, "cd ~deploy && mkdir .fedwarden && touch .fedwarden/host && chown -R deploy .fedwarden")
    try:
        run = world.cli("deploy", "-f", write(world, 3))
        assert run.code == 1, run
        assert f"{world.ips[2]:<15} : ok=0 changed=0 failed=1" in run.out
        assert world.ips[2] in run.err
    finally:
        world.rig.shell(3, "rm -rf ~deploy/.fedwarden")
    assert [agents(world, number) for number in (1, 2)] == before
    assert {row["changed"] for row in deploy(world, write(world, 2))["recap"]} == {0}


@pytest.mark.rare
def test_2_agents_that_a_failed_change_had_restarted_run_as_before(world):
    """Found out late: everything is made and restarted, then the parties cannot reach each other on the new ports."""
    read = "cat ~deploy/.fedwarden/host/agents/d1/*/agent.json"
    before = [json.loads(world.rig.shell(number, read)) for number in (1, 2)]
    rule = "table inet newports { chain c { type filter hook input priority 0; tcp dport 9870-9900 drop; }; }"
    for number in (1, 2, 3):
        world.rig.shell(number, f"nft '{rule}'")
    try:
        run = world.cli("deploy", "-f", write(world, 3, ports={"data": 9870}))
        assert run.code == 1, run
        assert "was taken back" in run.err, run
        assert all(ip in run.err for ip in world.ips)
    finally:
        for number in (1, 2, 3):
            world.rig.shell(number, "nft delete table inet newports")
    assert world.left(3) == ""
    after = [json.loads(world.rig.shell(number, read)) for number in (1, 2)]
    for name in ("fingerprint", "bind", "control_port", "data_port", "serving_port", "release"):
        assert [info[name] for info in after] == [info[name] for info in before], name
    assert {row["changed"] for row in deploy(world, write(world, 2))["recap"]} == {0}


def test_3_a_party_is_added_to_what_runs_and_all_of_them_train(world, tmp_path):
    before = [agents(world, number) for number in (1, 2)]
    done = deploy(world, write(world, 3))
    assert actions(done) == {0: "change", 1: "keep", 2: "keep", 3: "create"}  # the arbiter learns how party 3 dials it
    assert [agents(world, number) for number in (1, 2)] == before
    tables = breast_tables(tmp_path, parties=3)
    for host, source in zip(world.rig.hosts, [tables.guest, *tables.hosts], strict=True):
        (host.data / "table.csv").write_bytes(source.read_bytes())
    sources = ["--guest", "1=/data/table.csv", "--host", "2=/data/table.csv", "--host", "3=/data/table.csv"]
    run = world.cli("upload", "--project", "p", *sources)
    assert run.code == 0, run
    run = world.cli("train", "--project", "p", "--algorithm", "hetero_lr", "--json")
    assert run.code == 0, run
    trained = json.loads(run.out)
    assert trained["state"] == "success", run
    run = world.cli("publish", trained["model_version"], "--name", "m")
    assert run.code == 0, run
    for words in (["--sample-id", tables.ids[0]], ["--params", ",".join(["0.5"] * len(tables.blocks[0][0]))]):
        run = world.cli("predict", "m", *words)
        assert run.code == 0, run
    world.sample = tables.ids[0]


@pytest.mark.rare
def test_4_an_agent_of_an_older_release_is_told_of_and_moved_and_keeps_its_model(world):
    """As an upgrade finds it: another environment, whose code is not this regulator's."""
    host = "~deploy/.fedwarden/host"
    home = world.rig.shell(2, f"echo {host}/agents/d1/party-2").strip()
    world.rig.shell(
        2,
        f"""set -e
        cd {host}/envs && new=$(ls) && pkill -u deploy -f '[f]edwarden.party.agent' && mv $new older
        echo '# older' >>$(ls -d older/lib/python3*/site-packages/fedwarden)/__init__.py
        printf %s "$PWD/older" >{home}/environment
        for try in 1 2 3 4 5 6 7 8 9 10; do pgrep -u deploy -f '[f]edwarden.party.agent' || break; sleep 0.3; done
        (setsid runuser -u deploy -- older/bin/python -P -m fedwarden.party.agent --home {home} \
            --bind {world.ips[1]} >/dev/null 2>&1 &)
        """,
    )
    end = time.monotonic() + 40
    while actions(plan := deploy(world, write(world, 3), "--plan"))[2] != "change":
        assert time.monotonic() < end, plan
        time.sleep(0.5)
    assert next(step["why"] for step in plan["steps"] if step["party"] == 2) == ["release"]
    run = world.cli("train", "--project", "p", "--algorithm", "example")
    assert run.code == 0, run
    assert "another release" in run.err
    done = deploy(world, write(world, 3))
    assert actions(done)[2] == "change"
    assert "older" not in world.rig.shell(2, f"ls {host}/envs")
    assert world.cli("predict", "m", "--sample-id", world.sample).code == 0
    assert {row["changed"] for row in deploy(world, write(world, 3))["recap"]} == {0}


def test_5_a_party_is_taken_out_with_its_models_and_nothing_of_it_stays(world):
    done = deploy(world, write(world, 2))
    assert actions(done) == {0: "change", 1: "keep", 2: "keep", 3: "remove"}
    assert world.left(3) == ""
    assert world.cli("predict", "m", "--sample-id", world.sample).code == 1
    assert world.rig.shell(3, "ls /data").split() == ["table.csv"]


def test_6_destroy_with_a_host_down_says_what_is_left_and_finishes_later(world):
    file = write(world, 2)
    world.rig.call("partition", "2")
    try:
        run = world.cli("destroy", "-f", file, "--yes")
        assert run.code == 1, run
        assert f"{world.ips[0]:<15} : ok=1 changed=1 failed=0" in run.out
        assert f"{world.ips[1]:<15} : ok=0 changed=0 failed=1" in run.out
        assert f"{world.ips[1]} still has the agent of party 2" in run.err
        assert world.left(1) == ""
    finally:
        world.rig.call("heal")
    run = world.cli("destroy", "-f", file, "--yes")
    assert run.code == 0, run
    assert [world.left(number) for number in (1, 2, 3)] == ["", "", ""]
    assert world.rig.shell(1, "ls /data").split() == ["table.csv"]


def relocatable(path: Path) -> Path:
    """An interpreter of this machine as an operator would bring one: program and library in one tree. One that needs a
    libpython would take the host's own, which is another one."""
    ask = "import os, sys; print('python%d.%d' % sys.version_info[:2], os.path.dirname(os.__file__))"
    for program in (Path(sys.executable).resolve(), Path("/usr/bin/python3").resolve()):
        needs = subprocess.run(["ldd", program], capture_output=True, text=True, timeout=30, check=False)
        if needs.returncode == 0 and "libpython" not in needs.stdout:
            told = subprocess.run([program, "-I", "-c", ask], capture_output=True, text=True, timeout=30, check=True)
            version, library = told.stdout.split()
            break
    else:
        pytest.skip("every Python of this machine needs a libpython beside it")

    def wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        left_out = {"__pycache__", "test", "site-packages", "dist-packages", "idlelib", "tkinter"}
        return None if left_out & set(Path(entry.name).parts) else entry

    with tarfile.open(path, "w") as archive:
        archive.add(program, f"python/bin/{version}")
        archive.add(library, f"python/lib/{version}", filter=wanted)
    return path


def test_7_a_host_whose_python_is_too_old_gets_one_carried_along(world, tmp_path):
    world.rig.shell(
        1,
        """for one in /usr/bin/python3* /usr/local/bin/python3*; do [ -e "$one" ] && rm -f "$one"; done
        printf '#!/bin/sh\\necho 3.9.2 venv\\n' >/usr/bin/python3 && chmod 755 /usr/bin/python3""",
    )
    file = write(world, 1)
    run = world.cli("deploy", "-f", file)
    assert run.code == 1, run
    assert "bundle --python ARCHIVE" in run.err
    assert world.left(1) == ""
    run = world.cli("bundle", "--python", relocatable(tmp_path / "python.tar"))
    assert run.code == 0, run
    assert " MB, " in run.out
    done = deploy(world, file)
    assert done["changed"] == 2
    assert "/python/" in world.rig.shell(1, "readlink -f ~deploy/.fedwarden/host/envs/*/bin/python")
    assert world.cli("destroy", "-f", file, "--yes").code == 0
    assert world.left(1) == ""
