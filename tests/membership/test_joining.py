"""From an invitation to a joint model and out again, by the third party's own hand; the tests run in this order."""

import base64
import json
import stat
import time
from pathlib import Path

import pytest


def test_a_party_joins_with_an_approved_key_and_is_part_of_the_deployment_at_once(world):
    file = world.invite(3)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    done = world.join(file)
    assert "party 3 is part of the deployment d1" in done["said"]
    peers = {one["party"]: one for one in world.good("party", "peers")["peers"]}
    assert set(peers) == {0, 1, 2} and not any(one["confirmed"] for one in peers.values())
    for party in (0, 1, 2):
        assert f"party {party}, key {peers[party]['fingerprint']}" in done["said"]
        others = json.loads((world.home / f"deployments/d1/party-{party}/peers.json").read_text())
        assert {one["party"]: one["fingerprint"] for one in others}[3] == done["fingerprint"]
    token = file.read_text().strip()
    kept = [path.read_bytes() for path in world.home.rglob("*") if path.is_file()]
    secret = json.loads(base64.urlsafe_b64decode(token.split(":")[2]))["token"].encode()
    assert not any(secret in content for content in kept)  # its hash only
    assert not any(secret in path.read_bytes() for path in world.party_home.rglob("*") if path.is_file())


def test_the_private_key_was_made_at_the_party_and_its_home_is_private(world):
    home = world.party_home
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for path in home.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) in ((0o700,) if path.is_dir() else (0o600,)), path
    key = (home / "key.pem").read_bytes()
    assert not [path for path in world.home.rglob("*") if path.is_file() and key in path.read_bytes()]


def test_joining_again_with_the_same_invitation_and_key_changes_nothing(world):
    (file,) = world.base.glob("invitation-3-*.txt")
    before = (world.party_home / "agent.json").read_text()
    again = world.good("party", "join", file, *world.place)
    assert again["deployment"] == "d1"
    assert (world.party_home / "agent.json").read_text() == before


def test_deploying_the_old_parties_again_finds_the_deployment_that_has_grown(world):
    assert world.good("deploy", "--party", "1=127.0.0.1", "--party", "2=127.0.0.1")["deployment"] == "d1"


def test_a_model_is_trained_and_asked_with_the_party_that_joined(world):
    world.upload("joint", 1, 3)
    trained = world.good("train", "--project", "joint", timeout=200)
    assert trained["state"] == "success"
    world.good("publish", trained["jobid"], "--name", "joint")
    assert 0 < world.good("predict", "joint", "--sample-id", "p7")["prob"] < 1
    assert (world.party_home / f"models/{trained['jobid']}/host1.json").exists()


def test_its_own_policy_refuses_a_job_with_the_rule_in_the_regulators_error(world):
    policy = world.party_home / "policy.yaml"
    before = policy.read_text()
    policy.write_text("min_intersection: 5000\n")
    done = world.verb("train", "--project", "joint")
    policy.write_text(before)
    assert done.code == 1
    assert "the policy of party 3 does not allow the job: min_intersection is 100, allowed: >= 5000" in done.err


def test_jobs_wait_for_confirmed_pins_where_the_policy_says_so(world):
    policy = world.party_home / "policy.yaml"
    before = policy.read_text()
    policy.write_text("pins: confirm\n")
    try:
        assert world.refused("train", "--project", "joint") == "FW-ID-520"
        assert world.refused("party", "pin", 1, "ab" * 32) == "FW-ID-533"
        for one in world.good("party", "peers")["peers"]:
            key = one["fingerprint"].upper()
            world.good("party", "pin", one["party"], ":".join(key[k : k + 2] for k in range(0, 64, 2)))
        assert world.adds("joint")
    finally:
        policy.write_text(before)


def test_a_stopped_agent_is_named_and_started_again_by_its_own_operator(world):
    before = json.loads((world.party_home / "agent.json").read_text())
    world.good("party", "stop")
    assert world.refused("train", "--project", "joint").startswith("FW-LINK")
    assert world.good("party", "start")["control_port"] == before["control_port"]
    assert world.good("party", "start")["party"] == 3
    assert world.adds("joint")


def test_a_new_key_reaches_all_peers_and_work_goes_on(world):
    old = {one["party"]: one["fingerprint"] for one in world.good("party", "peers")["peers"]}
    own = json.loads((world.party_home / "agent.json").read_text())["fingerprint"]
    for party in (3, 1, 0):
        world.good("certs", "rotate", "--party", party)
    world.good("certs", "rotate", "--regulator")
    new = {one["party"]: one for one in world.good("party", "peers")["peers"]}
    assert {party for party in old if old[party] != new[party]["fingerprint"]} == {0, 1}
    assert new[1]["confirmed"]  # it was, and the old key has signed the new one
    assert json.loads((world.party_home / "agent.json").read_text())["fingerprint"] != own
    states = {(one["who"], one["state"]) for one in world.good("certs", "list")["certificates"]}
    assert {("fedwarden:party:3", "revoked"), ("fedwarden:regulator", "revoked")} <= states
    assert world.adds("joint")
    assert 0 < world.good("predict", "joint", "--sample-id", "p8")["prob"] < 1


def ended(pid: int, seconds: float) -> bool:
    """Whether the process is gone, or waits only for its parent to notice."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_leaving_stops_the_agent_removes_keys_and_models_and_jobs_name_who_is_gone(world):
    pid = json.loads((world.party_home / "agent.json").read_text())["pid"]
    key = json.loads((world.party_home / "agent.json").read_text())["fingerprint"]
    gone = world.good("party", "leave", "--yes")
    assert (gone["party"], gone["told"]) == (3, "")
    assert set(gone["stays"]) <= {"policy.yaml", "audit.jsonl"}
    assert ended(pid, 5)
    assert (world.base / "joint-3.csv").exists()
    assert world.refused("train", "--project", "joint") == "FW-JOB-521"
    paths = [f"1={world.base}/joint-1.csv", f"3={world.base}/joint-3.csv"]
    assert world.refused("upload", "--project", "more", "--guest", paths[0], "--host", paths[1]) == "FW-JOB-521"
    revoked = json.loads((world.home / "deployments/d1/party-1/revoked.json").read_text())["text"]
    assert key in revoked
    kept = world.home / f"audit/d1/party-3-{key[:8]}.jsonl"
    assert b"agent started" in kept.read_bytes(), "what it did until then stays on record here"
    assert world.refused("party", "leave", "--yes") == "FW-DEP-527"
    world.upload("rest", 1, 2)
    assert world.adds("rest")


def test_who_left_joins_again_with_a_new_invitation_and_another_key(world):
    done = world.join(world.invite(3), "--home", world.base / "second")
    assert "party 3 is part of the deployment d1" in done["said"]
    world.party_home = world.base / "second"
    world.upload("again", 1, 3)
    assert world.adds("again")
    chains = {it["store"]: it["state"] for it in world.good("audit", "verify")["chains"]}
    assert len([store for store in chains if store.startswith("d1/party-3")]) == 2, chains
    assert set(chains.values()) == {"whole"}


def test_a_revoked_party_is_refused_everywhere_and_by_name(world):
    told = world.good("certs", "revoke", "--party", 3, "--yes")
    assert (told["told"], told["untold"]) == ([0, 1, 2, 3], {})
    assert world.refused("train", "--project", "again") == "FW-JOB-524"
    said = world.hush()
    assert "party 3 has left" in said and said.count("party 3 has joined") >= 2
    assert "Traceback" not in said
    world.good("party", "stop")


@pytest.mark.parametrize("words", [["certs", "revoke", "--party", "3"], ["party", "leave"]])
def test_what_cannot_be_taken_back_needs_a_yes(world, words):
    assert world.refused(*words) == "FW-USE-029"
