"""Starting an agent: one per home, its ports for ever, its files, what is wrong when it does not start."""

import json
import signal
import socket
import subprocess
import sys
import time

import pytest
from agent_lab import PORTS, Lab, gone, listens

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import FedwardenError
from fedwarden.common.files import read_struct


def fails(lab: Lab, party: int, *words: str) -> str:
    process = lab.launch(party, *words)
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 1
    text = errors.decode()
    assert text.startswith("error: ") and text.count("\n") == 1
    return text


def test_init_keeps_its_key_when_repeated(tmp_path):
    words = [sys.executable, "-m", "fedwarden.party.init", "--home", str(tmp_path / "h"), "--party", "5"]
    for _ in range(2):
        made = subprocess.run(words, capture_output=True, text=True, check=True)
        assert made.stdout == f"{tmp_path / 'h' / 'csr.pem'}\n"
    key = (tmp_path / "h" / "key.pem").read_bytes()
    subprocess.run(words, check=True, capture_output=True)
    assert (tmp_path / "h" / "key.pem").read_bytes() == key


def test_init_refuses_what_is_no_party_id(tmp_path):
    words = [sys.executable, "-m", "fedwarden.party.init", "--home", str(tmp_path / "h"), "--party", "-1"]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    assert made.returncode == 1 and made.stdout == "" and made.stderr.count("\n") == 1


def test_agent_json_is_written_when_all_three_ports_listen(lab):
    info = read_struct(lab.home(1) / "agent.json", AgentInfo)
    assert all(listens(port) for port in (info.control_port, info.data_port, info.serving_port))
    assert info == lab.infos[1]
    answered = lab.client(1).call("GET", "/v1/health")
    assert answered["fingerprint"] == info.fingerprint and answered["party"] == 1


def test_a_second_agent_of_the_same_home_is_refused_and_names_the_first(lab):
    text = fails(lab, 1)
    assert str(lab.infos[1].pid) in text
    assert lab.client(1).call("GET", "/v1/health")["pid"] == lab.infos[1].pid


def test_a_restart_uses_the_same_ports_and_refuses_to_take_others(lone):
    lone.start(1)
    first = lone.infos[1]
    lone.kill(1)
    lone.start(1)
    again = lone.infos[1]
    ports = ("control_port", "data_port", "serving_port")
    assert [getattr(again, name) for name in ports] == [getattr(first, name) for name in ports]
    assert again.pid != first.pid
    lone.kill(1, signal.SIGTERM)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", first.data_port))
        squatter.listen()
        assert str(first.data_port) in fails(lone, 1, *PORTS, "--any-port")


def test_any_port_takes_the_next_free_one(lone):
    lone.enrol(1)
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        words = ["--control-port", str(taken), "--data-port", str(taken), "--serving-port", str(taken)]
        assert str(taken) in fails(lone, 1, *words)
        lone.processes[1] = lone.launch(1, *words, "--any-port")
        info = lone.wait_for(1)
    ports = [info.control_port, info.data_port, info.serving_port]
    assert len(set(ports)) == 3 and all(taken < port < taken + 400 for port in ports)


def test_without_its_certificate_an_agent_does_not_start(lone):
    home = lone.enrol(1)
    (home / "cert.pem").unlink()
    assert "cert.pem" in fails(lone, 1)
    other = lone.enrol(2)
    (home / "cert.pem").write_bytes((other / "cert.pem").read_bytes())
    assert "cert.pem" in fails(lone, 1)
    assert "nowhere" in fails(lone, 1, "--home", str(lone.folder / "nowhere"))


def test_a_wrong_address_is_refused(lone):
    lone.enrol(1)
    assert "203.0.113.7" in fails(lone, 1, *PORTS, "--bind", "203.0.113.7")
    assert "example" in fails(lone, 1, *PORTS, "--bind", "example")


def test_shutdown_answers_ends_jobs_and_frees_the_ports(lone):
    lone.start(1)
    info = lone.infos[1]
    lone.client(1).call("POST", "/v1/jobs", lone.spec("1", {"guest": 1, "arbiter": 1}, options={"seconds": 60}))
    lone.until(1, "1", "running")
    answer = lone.client(1).call("POST", "/v1/shutdown")
    assert answer["pid"] == info.pid
    status = json.loads((lone.home(1) / "jobs" / "1" / "guest.status.json").read_text())
    assert status["state"] == "failed" and status["cause"]["code"] == "FW-JOB-069"
    process = lone.processes.pop(1)
    assert process.wait(10) == 0
    process.stderr.close()
    assert gone(info.pid)
    assert not any(listens(port) for port in (info.control_port, info.data_port, info.serving_port))


def test_while_it_stops_an_agent_takes_no_job(lone):
    lone.start(1)
    options = {"act": "stubborn", "seconds": 60}
    lone.client(1).call("POST", "/v1/jobs", lone.spec("1", {"guest": 1, "arbiter": 1}, options=options))
    lone.until(1, "1", "running")
    lone.processes[1].send_signal(signal.SIGTERM)
    time.sleep(0.5)
    with pytest.raises(FedwardenError) as caught:
        lone.client(1).call("POST", "/v1/jobs", lone.spec("2", {"guest": 1, "arbiter": 1}))
    assert caught.value.code == "FW-JOB-069"
    assert not (lone.home(1) / "jobs" / "2").exists()
