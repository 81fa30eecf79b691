"""A party that runs its own agent is part of fedwarden.yaml: what it waits for is said, then it is deployed with.

Its host takes no connection: everything reaches its agent through a tunnel that its operator opened from inside.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from joined_world import LOCAL, World

TUNNEL = Path(__file__).resolve().parents[1] / "support" / "tunnel.py"
INSIDE = "127.0.0.2"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """No deployment yet; the enrolment listener runs."""
    made = World(tmp_path_factory.mktemp("in-file"))
    made.place[1] = INSIDE
    ports = [str(made.place[made.place.index(word) + 1]) for word in ("--control-port", "--data-port")]
    words = [sys.executable, str(TUNNEL), LOCAL, INSIDE, *ports]
    tunnel = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert tunnel.stdout.readline() == "listening\n"
        made.listen()
        yield made
    finally:
        made.close()
        tunnel.terminate()
        tunnel.communicate(timeout=10)


def write(world, *parties):
    file = world.base / "fedwarden.yaml"
    file.write_text(json.dumps({"deployment": "loans", "parties": parties}))  # JSON is YAML
    return file


HERE = {"id": 1, "host": LOCAL}
OWN = {"id": 3, "join": True}


def step(world, file, party=3):
    plan = world.good("deploy", "-f", file, "--plan")
    (found,) = [one for one in plan["steps"] if one["party"] == party]
    return found["action"], found["why"], [one["fix"] for one in plan["missing"]]


def test_1_what_a_party_waits_for_is_said_step_by_step_and_nothing_begins(world):
    file = write(world, HERE, OWN)
    action, why, (fix,) = step(world, file)
    assert (action, why) == ("wait", ["FW-DEP-740"])
    assert "fedwarden invite --party 3" in fix
    invitation = world.invite(3)
    assert step(world, file)[1] == ["FW-DEP-741"]
    joining = world.start("party", "join", invitation, *world.place)
    shown = re.search(r"Request (i\d+) waits.*: ([0-9a-f]{64})$", joining.stdout.readline().strip())
    assert shown
    action, why, (fix,) = step(world, file)
    assert (why, f"fedwarden approve {shown[1]}" in fix) == (["FW-DEP-742"], True)
    refused = world.verb("deploy", "-f", file, "--json")
    assert (refused.code, refused.json["code"]) == (1, "FW-DEP-742")
    assert not list(world.home.glob("deployments/*"))
    examined = world.verb("doctor", "-f", file, "--json")
    assert (examined.code, [one["code"] for one in examined.json["findings"]]) == (1, ["FW-DEP-742"])
    world.good("approve", shown[1], "--fingerprint", shown[2])
    assert joining.wait(60) == 0, joining.stdout.read()
    assert step(world, file) == ("admit", [], [])


def test_2_it_is_part_of_the_deployment_and_of_its_proof_and_the_same_file_changes_nothing(world):
    file = write(world, HERE, OWN)
    done = world.good("deploy", "-f", file)
    assert {one["party"]: one["action"] for one in done["steps"]} == {0: "create", 1: "create", 3: "admit"}
    assert json.loads((world.party_home / "agent.json").read_text())["bind"] == INSIDE
    assert done["recap"] == [{"host": LOCAL, "ok": 3, "changed": 3, "failed": 0}]
    assert world.good("deploy", "-f", file)["changed"] == 0
    assert {one["party"] for one in world.good("party", "peers")["peers"]} == {0, 1}
    world.upload("joint", 1, 3)
    assert world.adds("joint")
    assert world.verb("doctor", "-f", file, "--json").json["findings"] == []


def test_3_words_say_it_too_and_who_joined_is_not_deployed(world):
    assert world.good("deploy", "--party", f"1={LOCAL}", "--party", "3=joined")["changed"] == 0
    assert world.refused("deploy", "-f", write(world, HERE, {"id": 3, "host": LOCAL}), "--plan") == "FW-DEP-747"
    elsewhere = write(world, HERE, OWN | {"host": "192.0.2.7"})
    assert world.refused("deploy", "-f", elsewhere) == "FW-DEP-746"
    named = write(world, HERE, OWN | {"name": "clinic", "host": LOCAL})
    assert step(world, named) == ("change", ["name"], [])
    agent = (world.party_home / "agent.json").read_text()
    assert world.good("deploy", "-f", named)["changed"] == 1
    assert (world.party_home / "agent.json").read_text() == agent, "its own agent was restarted"


def test_4_a_stopped_agent_is_its_operators_to_start_and_the_others_stay_as_they_are(world):
    file = write(world, HERE, OWN)
    world.good("deploy", "-f", file)
    world.good("party", "stop")
    assert step(world, file)[:2] == ("wait", ["FW-DEP-744"])
    assert world.refused("deploy", "-f", file) == "FW-DEP-744"
    world.good("party", "start")
    assert world.good("deploy", "-f", file)["changed"] == 0


def test_5_a_party_is_added_to_what_runs_and_destroy_leaves_its_agent_alone(world):
    world.good("destroy", "-f", write(world, HERE, OWN), "--yes")
    agent = (world.party_home / "agent.json").read_text()
    world.good("deploy", "-f", write(world, HERE))
    file = write(world, HERE, OWN)
    assert step(world, file) == ("admit", [], [])
    policy = world.party_home / "policy.yaml"
    before = policy.read_text()
    policy.write_text("algorithms: [hetero_lr]\n")
    done = world.good("deploy", "-f", file)
    policy.write_text(before)
    assert {one["party"]: one["action"] for one in done["steps"]} == {0: "keep", 1: "keep", 3: "admit"}
    assert [note["code"] for note in done["notices"]] == ["FW-NOTE-740"], "its own policy forbids the addition"
    assert (world.party_home / "agent.json").read_text() == agent
    world.upload("again", 1, 3)
    assert world.adds("again")
    world.good("party", "leave", "--yes")
    assert step(world, file)[1] == ["FW-DEP-740"]


def test_an_engine_without_own_hands_refuses(world):
    file = world.base / "fate.yaml"
    file.write_text(json.dumps({"engine": "fate", "parties": [HERE, OWN]}))
    assert world.refused("deploy", "-f", file, "--plan") == "FW-USE-018"
