"""The rig itself: hosts are apart from each other and from the checkout, its faults bite, nothing stays behind."""

import subprocess
from pathlib import Path

import pytest

from rig import fixture
from rig.fixture import CHECKOUT, hosts, rig

__all__ = ["rig"]


def reaches(rig, source: int, target: int) -> bool:
    probe = f"ping -c1 -W1 -q {rig.hosts[target - 1].ip} >/dev/null && echo yes || echo no"
    return rig.shell(source, probe).strip() == "yes"


def test_hosts_have_their_own_names_users_and_data(rig):
    assert len({rig.on(host.number, "hostname") for host in rig.hosts}) == 3
    rig.shell(1, "echo mine >/data/file")
    assert (rig.hosts[0].data / "file").read_text() == "mine\n"
    assert rig.shell(2, "ls -A /data") == ""
    assert rig.shell(3, "id -un 2000").strip() == "deploy"


def test_the_checkout_is_hidden_from_the_hosts(rig):
    # empty, or not there at all: a checkout under /tmp is outside a host's own /tmp
    assert rig.shell(1, f"if [ -e '{CHECKOUT}' ]; then ls -A '{CHECKOUT}'; fi") == ""


def test_a_partition_cuts_one_pair_and_heals(rig):
    assert reaches(rig, 1, 2)
    rig.call("partition", "1", "2")
    assert not reaches(rig, 1, 2)
    assert reaches(rig, 1, 3)
    rig.call("heal")
    assert reaches(rig, 1, 2)


def test_a_delay_is_felt_in_both_directions(rig):
    rig.call("delay", "3", "40")
    line = rig.shell(1, f"ping -c2 -q {rig.hosts[2].ip} | tail -n1")
    assert float(line.split("=")[1].split("/")[0]) >= 80
    rig.call("delay", "3", "0")


def test_nothing_stays_behind():
    with hosts(1) as made:
        prefix, state = made.environment["RIG_PREFIX"], Path(made.environment["RIG_STATE"])
        assert Path("/run/netns", f"{prefix}1").exists()
    left = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    assert f"{prefix}1" not in left
    assert not list(state.glob("h[0-9]*"))
    assert not Path("/sys/class/net", f"{prefix}gw").exists()


def test_a_machine_without_the_rights_skips_with_the_reason_or_fails_where_required(monkeypatch):
    monkeypatch.setattr(fixture, "why_not", lambda **_: "needs root")
    monkeypatch.delenv("FEDWARDEN_REQUIRE_RIG", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs root"):
        fixture.need_rig()
    monkeypatch.setenv("FEDWARDEN_REQUIRE_RIG", "1")
    with pytest.raises(pytest.fail.Exception, match="needs root"):
        fixture.need_rig()


def test_the_list_of_packages_names_every_program_the_rig_looks_for():
    listed = (fixture.HERE / "packages.txt").read_text()
    script = (fixture.HERE / "hosts.sh").read_text()
    looked_for = script.split("for t in ", 1)[1].split(";", 1)[0].split()
    packages = {"ip": "iproute2", "tc": "iproute2", "unshare": "util-linux", "ssh-keygen": "openssh-client"}
    for program in looked_for:
        name = Path(program).name
        assert f"{packages.get(name, '')}:" in listed if name in packages else name in listed, program
