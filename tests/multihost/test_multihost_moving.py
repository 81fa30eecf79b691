"""The arbiter on a host of its own, a party behind an address translation, and one that moves to another host: all by
the file alone."""

import json
import time
from pathlib import Path

import pytest
import yaml
from link_world import CONTROL, DATA, INSIDE, translate
from multihost_world import world_on

from rig.fixture import hosts
from support.tables import breast_tables

pytestmark = [pytest.mark.long, pytest.mark.rare]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with hosts(3) as rig, world_on(rig, tmp_path_factory.mktemp("moving")) as made:
        yield made


def write(world, arbiter: int, **parties: int) -> Path:
    """``arbiter`` and the parties (``p1=2``: party 1) by the number of their host."""

    def on(number: int) -> dict:
        host = world.rig.hosts[number - 1]
        return {"host": host.ip, "user": "deploy", "key": str(host.key)}

    entries = [{"id": int(name[1:]), **on(number)} for name, number in parties.items()]
    for entry in [one for one in entries if one["host"] == world.rig.hosts[1].ip]:
        entry |= {
            "bind": INSIDE,
            "control": f"{entry['host']}:1{CONTROL}",
            "advertise": {0: f"{entry['host']}:1{DATA}", 1: f"{entry['host']}:1{DATA}"},
            "advertise_control": f"{entry['host']}:1{CONTROL}",
        }
    path = world.home.parent / "fedwarden.yaml"
    path.write_text(yaml.safe_dump({"deployment": "loans", "arbiter": on(arbiter), "parties": entries}))
    return path


def verb(world, *words) -> dict:
    run = world.cli(*words, "--json")
    if "FW-SSH-050" in run.out:
        pytest.skip(f"no bundle can be made here: {run.err.strip()}")
    assert run.code == 0, run
    return json.loads(run.out)


def agents(world) -> list[list[str]]:
    """The parties whose agents run on each host."""
    found = [world.rig.shell(n, "pgrep -fa '[f]edwarden.party.agent'; true").splitlines() for n in (1, 2, 3)]
    return [sorted(line.split("/party-")[1].split()[0] for line in lines) for lines in found]


def work(world, tables, places: dict[int, int]) -> None:
    """Tables that lie at the parties' hosts, a training, a prediction."""
    sources = {1: tables.guest, 2: tables.hosts[0]}
    for party, number in places.items():
        (world.rig.hosts[number - 1].data / f"table-{party}.csv").write_bytes(sources[party].read_bytes())
    verb(world, "upload", "--project", "p", "--guest", "1=/data/table-1.csv", "--host", "2=/data/table-2.csv")
    for algorithm in ("example", "hetero_lr"):
        trained = verb(world, "train", "--project", "p", "--algorithm", algorithm)
        assert trained["state"] == "success"
    verb(world, "publish", trained["jobid"], "--name", "m")
    assert 0 < verb(world, "predict", "m", "--sample-id", tables.ids[0])["prob"] < 1


def test_1_an_arbiter_on_another_host_than_the_regulator_serves_jobs(world, tmp_path):
    world.tables = breast_tables(tmp_path)
    translate(world.rig, 2)
    done = verb(world, "deploy", "-f", write(world, 3, p1=1, p2=2))
    assert {step["party"]: step["action"] for step in done["steps"]} == {0: "create", 1: "create", 2: "create"}
    assert agents(world) == [["1"], ["2"], ["0"]]
    assert f"{INSIDE}:{CONTROL}" in world.rig.shell(2, "ss -Hltn"), "it listens where nobody else can reach it"
    assert not list(world.home.glob("deployments/*/party-*")), "no agent on the regulator's machine"
    work(world, world.tables, {1: 1, 2: 2})
    assert verb(world, "deploy", "-f", write(world, 3, p1=1, p2=2))["changed"] == 0


def test_2_an_arbiter_abroad_that_dies_is_started_by_whoever_needs_it(world):
    world.rig.shell(3, "pkill -9 -f '[f]edwarden.party.agent'")
    begin = time.monotonic()
    assert verb(world, "train", "--project", "p", "--algorithm", "example")["state"] == "success"
    assert time.monotonic() - begin < 60


def test_3_a_party_moves_to_another_host_and_nothing_of_it_stays_behind(world):
    plan = verb(world, "deploy", "-f", write(world, 3, p1=1, p2=3), "--plan")
    moved = [(step["action"], step["host"]) for step in plan["steps"] if step["party"] == 2]
    assert moved == [("remove", world.ips[1]), ("create", world.ips[2])]
    done = verb(world, "deploy", "-f", write(world, 3, p1=1, p2=3))
    assert done["steps"] == plan["steps"]
    assert agents(world) == [["1"], [], ["0", "2"]]
    assert world.left(2) == ""
    refused = world.cli("predict", "m", "--sample-id", world.tables.ids[0])
    assert refused.code == 1, "its part of the model went with its old host"
    work(world, world.tables, {1: 1, 2: 3})
    assert verb(world, "deploy", "-f", write(world, 3, p1=1, p2=3))["changed"] == 0


def test_4_the_arbiter_moves_home_and_destroy_leaves_nothing_anywhere(world):
    file = write(world, 3, p1=1, p2=3)
    at_home = yaml.safe_load(file.read_text())
    del at_home["arbiter"]
    file.write_text(yaml.safe_dump(at_home))
    verb(world, "deploy", "-f", file)
    assert agents(world) == [["1"], [], ["2"]]
    assert verb(world, "train", "--project", "p", "--algorithm", "example")["state"] == "success"
    verb(world, "destroy", "-f", file, "--yes")
    assert [world.left(number) for number in (1, 2, 3)] == ["", "", ""]
    assert not list(world.home.glob("deployments/*/*"))
