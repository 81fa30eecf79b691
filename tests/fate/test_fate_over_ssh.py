"""FATE-Flow that listens on its host's loopback only, reached through SSH: real sshd on simulated hosts."""

import shutil
from pathlib import Path

import pytest

from rig.fixture import rig

__all__ = ["rig"]

SIMULATOR = Path(__file__).parent / "simulator"


@pytest.fixture
def flow(rig):
    """A FATE-Flow 1.4.4 for all parties on the first host; nothing of it can be reached from outside that host."""
    host = rig.hosts[0]
    shutil.copytree(SIMULATOR, host.data / "simulator", dirs_exist_ok=True)
    begin = (
        "cd /data && PYTHONPATH=/data nohup python3 -m simulator flow --standalone --bind 127.0.0.1 --port 9380"
        " >/data/flow.log 2>&1 & echo $! >/data/flow.pid;"
        " for k in $(seq 100); do grep -q ready /data/flow.log && exit 0; sleep 0.1; done; cat /data/flow.log; exit 1"
    )
    rig.shell(host.number, begin)
    yield host
    rig.shell(host.number, "kill $(cat /data/flow.pid)")


def test_a_flow_on_loopback_is_reached_over_ssh_alone(run, rig, flow, tables, tmp_path, monkeypatch):
    direct = run.warden("attach", "--party", 1, "--flow", f"http://{flow.ip}:9380", "--json")
    assert direct.json["code"] == "FW-LINK-600"  # nobody listens there for us
    words = ("--flow", "http://127.0.0.1:9380", "--ssh", f"deploy@{flow.ip}")
    assert run.warden("attach", "--party", 1, *words, "--json").json["code"] == "FW-SSH-014"
    monkeypatch.setenv("FEDWARDEN_SSH_KEY", str(flow.key))
    for party in (1, 2):
        done = run.warden("attach", "--party", party, *words)
        assert done.code == 0, done
    for table in (tables.guest, tables.host):
        shutil.copy(table, flow.data / table.name)
    up = run.script("-f", "upload", "-gp", 1, "/data/guest.csv", "-hp", 2, "/data/host.csv", "-proj", "p")
    assert up.code == 0, up
    monkeypatch.delenv("FEDWARDEN_SSH_KEY")
    words = ("-f", "submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1, "--json")
    assert run.script(*words).json["code"] == "FW-SSH-014"
    assert run.script(*words, "-pw", flow.passwords["deploy"]).json["code"] == "FW-USE-011"  # one for each party
    assert run.script(*words, "-pw", "wr0ng", "wr0ng").json["code"] == "FW-SSH-007"
    done = run.script(*words, "-pw", *[flow.passwords["deploy"]] * 2)
    assert done.code == 0, done
    monkeypatch.setenv("DEPLOYS", flow.passwords["deploy"])
    monkeypatch.setenv("FEDWARDEN_SSH_PASSWORD_FROM", "env:DEPLOYS")
    assert run.ended(done.json["jobid"])["state"] == "success"
    assert run.script("-f", "predict", "-mname", "m", "-params", 1, "-pw", "x", "--json").json["code"] == "FW-USE-006"


def test_the_file_says_the_same(run, rig, flow, tmp_path):
    file = tmp_path / "fedwarden.yaml"
    entry = "  - {{id: {0}, host: {1}, user: deploy, key: {2}, fate: {{flow: 'http://127.0.0.1:9380'}}}}"
    parties = [entry.format(party, flow.ip, flow.key) for party in (1, 2)]
    file.write_text("\n".join(["engine: fate", "parties:", *parties]) + "\n")
    done = run.warden("attach", "-f", file, "--json").json
    assert done["retcode"] == 0 and set(done["parties"]) == {"1", "2"}
    assert {it["ip"] for it in done["parties"].values()} == {flow.ip}
    file.write_text("\n".join(["parties:", *parties]) + "\n")
    assert run.warden("attach", "-f", file, "--json").json["code"] == "FW-USE-607"
    file.write_text(f"engine: fate\nparties:\n  - {{id: 1, host: {flow.ip}}}\n")
    assert run.warden("attach", "-f", file, "--json").json["code"] == "FW-USE-608"
