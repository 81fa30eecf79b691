"""A new key takes the old one's place everywhere, and whatever kills the command, the same command goes on."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import time

import pytest
from joined_world import FEDWARDEN, LOCAL, World

from fedwarden.common.errors import FedwardenError
from fedwarden.identity.contexts import client_context
from fedwarden.identity.https import ControlClient


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Parties 1 and 2 and the arbiter on this machine, one project."""
    made = World(tmp_path_factory.mktemp("rotation"))
    try:
        made.good("deploy", "--party", f"1={LOCAL}", "--party", f"2={LOCAL}")
        made.upload("joint", 1, 2)
        yield made
    finally:
        made.close()


def home(world, party):
    return world.home / f"deployments/d1/party-{party}"


def key(world, party):
    return json.loads((home(world, party) / "agent.json").read_text())["fingerprint"]


def pins(world, party):
    peers = json.loads((home(world, party) / "peers.json").read_text())
    return {peer["party"]: peer["fingerprint"] for peer in peers}


def stored(world, what):
    with contextlib.closing(sqlite3.connect(f"file:{world.home}/regulator.db?mode=ro", uri=True)) as store:
        return store.execute(what).fetchall()


def revoked(folder):
    path = folder / "revoked.json"
    return set(json.loads(json.loads(path.read_text())["text"])["keys"]) if path.exists() else set()


def killed_when(world, mark, *words):
    """Ends the command with SIGKILL as soon as the mark is seen; False when it had ended by itself before."""
    running = subprocess.Popen([*FEDWARDEN, *words], env=world._environment(), stdout=-3, stderr=-3, cwd="/")
    end = time.monotonic() + 60
    while running.poll() is None:
        assert time.monotonic() < end, "no such mark"
        with contextlib.suppress(OSError, ValueError, sqlite3.Error):  # files change under the look
            if mark():
                running.kill()
                running.wait()
                return True
    return False


def test_the_old_key_is_refused_by_every_agent_as_soon_as_the_command_ends(world, tmp_path):
    for name in ("key.pem", "cert.pem", "ca.pem"):
        shutil.copy(home(world, 2) / name, tmp_path)
    old = key(world, 2)
    thief = client_context(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem")

    def asked(party):
        port = json.loads((home(world, party) / "agent.json").read_text())["control_port"]
        return ControlClient(LOCAL, port, thief, party=party).call("GET", "/v1/health")

    assert asked(1)["party"] == 1
    world.good("certs", "rotate", "--party", 2)
    for party in (0, 1, 2):
        with pytest.raises(FedwardenError) as refusal:
            asked(party)
        assert refusal.value.code == "FW-ID-522", party
        assert old in revoked(home(world, party))
    assert world.adds("joint")


MARKS = {
    "key made": lambda world, old: (home(world, 2) / "key.next.pem").exists(),
    "signed": lambda world, old: stored(world, "select 1 from parties where json_extract(details, '$.rotation') != ''"),
    "taken": lambda world, old: key(world, 2) != old,
    "on record": lambda world, old: not stored(world, f"select 1 from parties where fingerprint = '{old}'"),
    "a peer told": lambda world, old: old not in (pins(world, 1)[2], pins(world, 0)[2]),
    "revoked": lambda world, old: old in revoked(world.home / "pki"),
    "an agent told": lambda world, old: old in revoked(home(world, 1)) | revoked(home(world, 0)),
}


@pytest.mark.parametrize("step", MARKS)
def test_a_rotation_killed_after_any_step_goes_on(world, step):
    old = key(world, 2)
    killed = killed_when(world, lambda: MARKS[step](world, old), "certs", "rotate", "--party", "2")
    if killed:
        world.good("certs", "rotate", "--party", 2)
    new = key(world, 2)
    assert new != old
    assert (pins(world, 0)[2], pins(world, 1)[2]) == (new, new)
    assert stored(world, "select fingerprint, json_extract(details, '$.rotation') from parties where party = 2") == [
        (new, None)
    ]
    for party in (0, 1, 2):
        assert old in revoked(home(world, party)) and new not in revoked(home(world, party))
    assert not list(home(world, 2).glob("*.next.pem"))
    assert world.adds("joint")


@pytest.mark.parametrize("step", ["key written", "certificate written", "revoked"])
def test_a_rotation_of_the_regulators_own_key_killed_after_any_step_goes_on(world, step):
    pki = world.home / "pki"
    before = {name: (pki / name).read_bytes() for name in ("regulator.key", "regulator.crt")}
    rows = world.good("certs", "list")["certificates"]
    (old,) = [one["fingerprint"] for one in rows if (one["who"], one["state"]) == ("fedwarden:regulator", "current")]
    marks = {
        "key written": lambda: (pki / "regulator.key").read_bytes() != before["regulator.key"],
        "certificate written": lambda: (pki / "regulator.crt").read_bytes() != before["regulator.crt"],
        "revoked": lambda: old in revoked(pki),
    }
    if killed_when(world, marks[step], "certs", "rotate", "--regulator"):
        world.good("certs", "rotate", "--regulator")
    for party in (0, 1, 2):
        assert old in revoked(home(world, party))
    assert stored(world, "select 1 from meta where key like 'regulator key%'") == []
    assert world.adds("joint")
