"""Jobs at an agent: order of turns, ends, refusals; real worker processes."""

import contextlib
import os
import signal
import socket
import ssl
import threading
import time

import pytest
from agent_lab import alive, gone
from msgspec.structs import replace

from fedwarden.common.errors import FedwardenError

ALL = {"guest": 1, "host1": 2, "arbiter": 3}


def submit(lab, spec):
    parties = sorted({peer.party for peer in spec.roles})
    return [lab.client(party).call("POST", "/v1/jobs", spec) for party in parties]


def refused(lab, party, spec):
    with pytest.raises(FedwardenError) as caught:
        lab.client(party).call("POST", "/v1/jobs", spec)
    return caught.value


def test_a_job_waits_runs_and_succeeds_at_every_party(lab):
    spec = lab.spec("1001", ALL)
    first = submit(lab, spec)
    assert all(status["state"] in ("waiting", "running", "success") for answer in first for status in answer)
    for party, role in ((1, "guest"), (2, "host1"), (3, "arbiter")):
        found = lab.until(party, "1001", "success")
        assert list(found) == [role]
        assert found[role]["party"] == party
    assert lab.client(1).call("GET", "/v1/health")["busy"] == []


def test_a_partys_own_roles_share_one_turn(lab):
    roles = {"guest": 1, "host1": 1, "arbiter": 1}
    submit(lab, lab.spec("1002", roles))
    found = lab.until(1, "1002", "success")
    assert sorted(found) == ["arbiter", "guest", "host1"]


def test_jobs_run_one_at_a_time_in_the_order_of_arrival(lab):
    for number in (1, 2, 3):
        submit(lab, lab.spec(f"101{number}", {"guest": 1, "arbiter": 1}, options={"seconds": 0.3}))
    waiting = [lab.states(1, f"101{number}")["guest"]["state"] for number in (2, 3)]
    assert waiting == ["waiting", "waiting"]
    assert lab.client(1).call("GET", "/v1/health")["busy"] == ["1011", "1012", "1013"]
    times = []
    for number in (1, 2, 3):
        for status in lab.until(1, f"101{number}", "success").values():
            times.append((number, status["result"]["began"], status["result"]["ended"]))
    for earlier, later in ((1, 2), (2, 3)):
        assert max(t[2] for t in times if t[0] == earlier) <= min(t[1] for t in times if t[0] == later)


def test_the_same_job_twice_is_one_job_and_another_under_its_id_is_refused(lab):
    spec = lab.spec("1021", {"guest": 1, "arbiter": 1})
    submit(lab, spec)
    lab.until(1, "1021", "success")
    again = lab.client(1).call("POST", "/v1/jobs", spec)
    assert [status["state"] for status in again] == ["success", "success"]
    error = refused(lab, 1, replace(spec, project="other"))
    assert error.code == "FW-JOB-063" and error.params["job"] == "1021"


def test_a_killed_worker_fails_its_role_with_the_signal_and_the_next_job_runs(lab):
    submit(lab, lab.spec("1031", {"guest": 1, "arbiter": 1}, options={"seconds": 30}))
    lab.until(1, "1031", "running")
    guest = lab.states(1, "1031")["guest"]
    submit(lab, lab.spec("1032", {"guest": 1, "arbiter": 1}))
    os.kill(guest["pid"], signal.SIGKILL)
    end = time.monotonic() + 10
    while lab.states(1, "1031")["guest"]["state"] != "failed":
        assert time.monotonic() < end
        time.sleep(0.03)
    cause = lab.states(1, "1031")["guest"]["cause"]
    assert cause["code"] == "FW-JOB-060"
    assert cause["params"] == {"role": "guest", "party": 1, "how": "signal 9"}
    assert (cause["role"], cause["party"]) == ("guest", 1)
    lab.client(1).call("POST", "/v1/jobs/1031/stop")  # what the other workers do by themselves over their channels
    lab.until(1, "1032", "success")


def test_a_worker_that_ends_without_a_word_is_failed_too(lab):
    submit(lab, lab.spec("1033", {"guest": 1, "arbiter": 1}, options={"act": "silent-exit"}))
    found = lab.until(1, "1033", "failed")
    assert found["guest"]["cause"]["params"]["how"] == "exit code 7"


def test_stop_answers_when_the_workers_are_gone(lab):
    submit(lab, lab.spec("1041", {"guest": 1, "host1": 1, "arbiter": 1}, options={"seconds": 60}))
    lab.until(1, "1041", "running")
    pids = [status["pid"] for status in lab.states(1, "1041").values()]
    answer = lab.client(1).call("POST", "/v1/jobs/1041/stop", {"code": "FW-JOB-101", "params": {"by": "test"}})
    assert not any(alive(pid) for pid in pids)
    assert {status["state"] for status in answer} == {"failed"}
    assert {status["cause"]["code"] for status in answer} == {"FW-JOB-101"}
    assert lab.client(1).call("GET", "/v1/health")["busy"] == []


def test_a_stubborn_worker_is_killed_within_five_seconds(lab):
    submit(lab, lab.spec("1042", {"guest": 2, "arbiter": 2}, options={"act": "stubborn", "seconds": 60}))
    lab.until(2, "1042", "running")
    pids = [status["pid"] for status in lab.states(2, "1042").values()]
    begun = time.monotonic()
    answer = lab.client(2).call("POST", "/v1/jobs/1042/stop")
    assert time.monotonic() - begun < 5.0
    assert not any(alive(pid) for pid in pids)
    assert {(status["state"], status["cause"]["code"]) for status in answer} == {("failed", "FW-JOB-101")}


def test_stopping_a_finished_job_changes_nothing(lab):
    submit(lab, lab.spec("1043", {"guest": 1, "arbiter": 1}))
    before = lab.until(1, "1043", "success")
    lab.client(1).call("POST", "/v1/jobs/1043/stop")
    assert lab.states(1, "1043") == before


def test_logs_of_this_partys_roles_are_json_lines(lab):
    submit(lab, lab.spec("1051", {"guest": 1, "arbiter": 1}))
    lab.until(1, "1051", "success")
    content, kind, _ = lab.client(1).fetch("GET", "/v1/jobs/1051/logs")
    assert kind == "application/x-ndjson"
    assert content.splitlines() == [b'{"event": "began", "role": "guest"}', b'{"event": "began", "role": "arbiter"}']


def test_a_data_connection_reaches_the_worker_it_asks_for_even_before_the_job_is_known(lab):
    spec = lab.spec("1061", {"guest": 2, "arbiter": 2}, options={"act": "connect"})
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    answers = {}

    def dial(role):
        tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=f"1061.{role}.fedwarden")
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = outgoing.read()
        with socket.create_connection(("127.0.0.1", lab.infos[2].data_port), 15) as sock:
            sock.settimeout(20)
            sock.sendall(hello)
            got = b""
            with contextlib.suppress(ConnectionResetError):  # closed with the hello unread: refused
                while chunk := sock.recv(100):
                    got += chunk
            answers[role] = got

    early = threading.Thread(target=dial, args=("guest",))
    early.start()
    time.sleep(0.3)  # parked: the job is not here yet
    assert answers == {}
    submit(lab, spec)
    early.join(20)
    dial("arbiter")
    assert answers == {"guest": b"guest got 22", "arbiter": b"arbiter got 22"}
    lab.until(2, "1061", "success")
    dial("host1")
    assert answers["host1"] == b""  # nobody of that name: closed


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda spec: replace(spec, roles=spec.roles[:1]), "FW-JOB-061"),
        (lambda spec: replace(spec, roles=[]), "FW-JOB-061"),
        (lambda spec: replace(spec, roles=[*spec.roles, spec.roles[0]]), "FW-JOB-061"),
        (lambda spec: replace(spec, roles=[replace(peer, party=2) for peer in spec.roles]), "FW-JOB-062"),
        (lambda spec: replace(spec, roles=[replace(spec.roles[0], role="../x"), *spec.roles[1:]]), "FW-USE-062"),
        (lambda spec: replace(spec, job_id="../../etc"), "FW-USE-062"),
        (lambda spec: replace(spec, job_id=""), "FW-USE-062"),
        (lambda spec: replace(spec, roles=[spec.roles[0], replace(spec.roles[1], party=77)]), "FW-ID-062"),
        (lambda spec: replace(spec, roles=[spec.roles[0], replace(spec.roles[1], fingerprint="0" * 64)]), "FW-ID-063"),
        (lambda spec: replace(spec, roles=[replace(spec.roles[0], fingerprint="0" * 64), spec.roles[1]]), "FW-ID-063"),
        (lambda spec: replace(spec, algorithm="hetero_lr"), "FW-JOB-065"),
        (
            lambda spec: replace(spec, algorithm="hetero_lr", role_datasets={"guest": "ds-0000000000000000"}),
            "FW-DATA-041",
        ),
        (
            lambda spec: replace(spec, algorithm="hetero_lr", role_datasets={"guest": "../agent"}),
            "FW-USE-062",
        ),
    ],
)
def test_a_job_that_cannot_be_right_is_refused_and_leaves_nothing(lab, change, code):
    spec = change(lab.spec("1099", {"guest": 1, "arbiter": 3}))
    assert refused(lab, 1, spec).code == code
    assert not (lab.home(1) / "jobs" / "1099").exists()


def test_an_unknown_job_is_named(lab):
    with pytest.raises(FedwardenError) as caught:
        lab.client(1).call("GET", "/v1/jobs/424242")
    assert caught.value.code == "FW-JOB-066" and "424242" in str(caught.value)


def test_a_killed_agent_takes_its_workers_along_and_says_so_when_it_is_back(lone):
    lone.start(1)
    lone.client(1).call("POST", "/v1/jobs", lone.spec("1", {"guest": 1, "arbiter": 1}, options={"seconds": 60}))
    stubborn = lone.spec("2", {"guest": 1, "arbiter": 1}, options={"act": "stubborn", "seconds": 60})
    lone.client(1).call("POST", "/v1/jobs", stubborn)
    lone.until(1, "1", "running")
    pids = [status["pid"] for status in lone.client(1).call("GET", "/v1/jobs") if status["pid"]]
    lone.kill(1)
    assert all(gone(pid) for pid in pids)
    lone.start(1)
    for job_id in ("1", "2"):
        for status in lone.states(1, job_id).values():
            assert status["state"] == "failed"
            assert status["cause"]["code"] in ("FW-JOB-068", "FW-JOB-106")
            assert status["cause"]["params"]["party"] == 1
    lone.client(1).call("POST", "/v1/jobs", lone.spec("3", {"guest": 1, "arbiter": 1}))
    lone.until(1, "3", "success")


def test_a_worker_that_is_stuck_when_its_agent_dies_is_ended_by_the_next_agent(lone):
    lone.start(1)
    lone.client(1).call("POST", "/v1/jobs", lone.spec("1", {"guest": 1, "arbiter": 1}, options={"seconds": 60}))
    pids = [status["pid"] for status in lone.until(1, "1", "running").values()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    lone.kill(1)
    assert all(alive(pid) for pid in pids)
    lone.start(1)
    assert all(gone(pid) for pid in pids)
    assert {status["cause"]["code"] for status in lone.states(1, "1").values()} == {"FW-JOB-068"}


def test_a_job_half_taken_in_when_the_agent_died_is_forgotten(lone):
    home = lone.enrol(1)
    (home / "jobs" / "5").mkdir(parents=True)
    (home / "jobs" / "5" / "guest.status.json").write_text("{")
    lone.start(1)
    assert not (home / "jobs" / "5").exists()
    assert lone.client(1).call("GET", "/v1/jobs") == []


def test_sigterm_ends_running_jobs_as_failed_and_then_the_agent(lone):
    lone.start(1)
    lone.client(1).call("POST", "/v1/jobs", lone.spec("1", {"guest": 1, "arbiter": 1}, options={"seconds": 60}))
    pids = [status["pid"] for status in lone.until(1, "1", "running").values()]
    begun = time.monotonic()
    assert lone.kill(1, signal.SIGTERM) == 0
    assert time.monotonic() - begun < 8
    assert not any(alive(pid) for pid in pids)
    lone.start(1)
    assert {s["cause"]["code"] for s in lone.states(1, "1").values()} == {"FW-JOB-069"}
