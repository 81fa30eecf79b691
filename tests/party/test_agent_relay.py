"""The relay beside the arbiter's agent: whom it serves, that it lives and dies with its agent, and predictions of a
host that can only dial out. Real agents, the relay a real process."""

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from agent_lab import PORTS, Lab, gone
from msgspec.structs import replace

from fedwarden.common.api import RelayPlace
from fedwarden.common.errors import FedwardenError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.identity.contexts import Credentials, Peer
from fedwarden.identity.names import party_identity
from fedwarden.party.home import Home
from fedwarden.party.models.parts import ModelPart, write_part
from fedwarden.party.relay.__main__ import Gate
from fedwarden.transport.relay_client import Refused, Wanted, join

JOB = "202601010000000000007"
RELAYED = {"guest": 1, "host1": 2, "arbiter": 0}


def processes(home) -> list[int]:
    """Relay processes of an agent's home."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"fedwarden.party.relay" in words and os.fsencode(home) in words:
                found.append(int(entry.name))
    return found


def eventually(check, seconds=15.0):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, check
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("relay"))
    lab.start(1, 2, 3)
    lab.enrol(0)
    lab.processes[0] = lab.launch(0, *PORTS, "--relay-port", "21475", "--any-port")
    lab.infos[0] = lab.wait_for(0)
    introduce(lab)
    yield lab
    lab.close()


def place(lab, **changes) -> RelayPlace:
    made = RelayPlace(
        party=0, host="127.0.0.1", port=lab.infos[0].relay_port, fingerprint=lab.infos[0].fingerprint, parties=[2]
    )
    return replace(made, **changes)


def introduce(lab) -> None:
    """Everybody but party 3 knows everybody else; nobody can dial party 2's control port."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = closed.getsockname()[1]
    for party in (0, 1, 2):
        peers = [lab.peer(other) for other in (0, 1, 2) if other != party]
        peers = [replace(peer, control_port=dead) if peer.party == 2 else peer for peer in peers]
        peers = [replace(peer, relay=place(lab)) if peer.party == 0 else peer for peer in peers]
        lab.client(party).call("PUT", "/v1/peers", peers)


def ask(lab, me, **wanted) -> socket.socket:
    credentials = Credentials(*lab.as_party(me))
    return join(place(lab), ("127.0.0.1", place(lab).port), credentials, Wanted(**wanted), 8.0, lambda sock: None)


def test_the_relay_is_a_process_of_its_own_only_where_it_is_wanted(lab):
    (pid,) = processes(lab.home(0))
    assert pid != lab.infos[0].pid
    assert not processes(lab.home(1)), "only who is told to has one"


def test_a_party_that_the_arbiter_has_not_pinned_is_refused(lab):
    with pytest.raises(Refused, match="not a party of this deployment"):
        ask(lab, 3, party=2, kind="call")
    with pytest.raises(Refused, match="no such party"):
        ask(lab, 1, party=3, kind="call")


def test_only_the_roles_of_a_running_job_that_allows_the_relay_are_served(lab):
    wanted = {"party": 2, "job": JOB, "role": "guest", "to": "host1"}
    with pytest.raises(Refused, match="no such job yet"):
        ask(lab, 1, **wanted)
    with pytest.raises(Refused, match="no such job yet"):
        ask(lab, 1, **{**wanted, "job": "../../etc"})
    # the gate itself, on a copy of what the arbiter's agent holds for a job
    home = Home(lab.home(0))
    gate = Gate(home, 0, lab.infos[0].fingerprint)
    me = Peer(party_identity(1), lab.infos[1].fingerprint)
    spec = lab.spec(JOB, RELAYED, relay=place(lab))
    lab.client(0).call("POST", "/v1/jobs", spec)
    try:
        assert gate(me, Wanted(**wanted)) == ""
        for changes, why in (
            ({"role": "host1", "to": "guest"}, "no such roles"),  # somebody else's role
            ({"to": "arbiter"}, "no such roles"),  # played by another party than it says
            ({"to": "guest", "party": 1}, "no such roles"),  # itself
            ({"to": "host9"}, "no such roles"),
        ):
            assert why in gate(me, Wanted(**{**wanted, **changes})), changes
        write_struct(home.spec(JOB), replace(spec, relay=None))
        assert "without relay" in gate(me, Wanted(**wanted))
        write_struct(home.spec(JOB), spec)
    finally:
        lab.client(0).call("POST", f"/v1/jobs/{JOB}/stop")
    assert "over" in gate(me, Wanted(**wanted))


def test_a_job_that_names_another_key_for_the_relay_is_refused(lab):
    spec = lab.spec("202601010000000000008", RELAYED, relay=place(lab, fingerprint="0" * 64))
    with pytest.raises(FedwardenError) as caught:
        lab.client(1).call("POST", "/v1/jobs", spec)
    assert caught.value.code == "FW-ID-063" and caught.value.params["role"] == "relay"


def part(lab, role, party) -> ModelPart:
    return ModelPart(
        model_id="m",
        model_version="202601010000000000001",
        algorithm="hetero_lr",
        role=role,
        party=party,
        guest_party=1,
        host_roles={"host1": 2},
        features=["x0"],
        intercept=0.0,
        coefficients={"x0": 1.0},
        standardised={"x0": 0.0},
        means={"x0": 0.5},
        fill={"x0": 0.0},
        dataset_id="none",
        kept=["x0"],
    )


@pytest.fixture(scope="module")
def bound(lab):
    for role, party in (("guest", 1), ("host1", 2)):
        write_part(lab.home(party), part(lab, role, party))
        bind = {"name": "toy", "model_id": "m", "model_version": "202601010000000000001"}
        lab.client(party).call("POST", "/v1/bindings", bind)


def predicted(lab) -> float:
    return lab.client(1).call("POST", "/v1/predict", {"name": "toy", "params": [0.25]})["prob"]


def test_a_host_that_can_only_dial_out_is_asked_through_the_relay(lab, bound):
    wanted = 1 / (1 + 2.718281828459045 ** -(0.25 + 0.5))
    for _ in range(4):  # more than the connections that wait at one time
        assert abs(eventually_predicted(lab) - wanted) < 1e-12
    events = [json.loads(line) for line in (lab.home(0) / "relay.log").read_text().splitlines()]
    assert [event for event in events if event["event"] == "ended" and event.get("kind") == "call"]
    assert "0.25" not in (lab.home(0) / "relay.log").read_text()


def eventually_predicted(lab) -> float:
    end = time.monotonic() + 15
    while True:
        try:
            return predicted(lab)
        except FedwardenError as error:
            assert error.code == "FW-MODEL-009" and error.params["why"] == "FW-LINK-481", error
            assert time.monotonic() < end
            time.sleep(0.2)


def test_a_relay_that_was_killed_comes_back_and_serves_again(lab, bound):
    (pid,) = processes(lab.home(0))
    os.kill(pid, signal.SIGKILL)
    (again,) = eventually(lambda: [one for one in processes(lab.home(0)) if one != pid])
    assert again != pid
    assert 0.5 < eventually_predicted(lab) < 1


def test_zz_the_relay_ends_with_its_agent_however_that_ends(lab):
    (pid,) = processes(lab.home(0))
    lab.kill(0)
    eventually(lambda: gone(pid))
    lab.processes[0] = lab.launch(0, *PORTS, "--relay-port", "21475", "--any-port")
    before = lab.infos[0]
    lab.infos[0] = lab.wait_for(0)
    assert lab.infos[0].relay_port == before.relay_port, "peers know that port"
    (pid,) = eventually(lambda: processes(lab.home(0)))
    lab.client(0).call("POST", "/v1/shutdown")
    eventually(lambda: gone(pid))
    assert read_struct(lab.home(0) / "agent.json", type(before)).relay_port == before.relay_port
