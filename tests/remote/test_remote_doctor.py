"""The doctor on real hosts: what it sees is what is there, every trouble comes with its fix, all hosts at once."""

import json
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from fedwarden.remote import doctor, scripts
from fedwarden.remote.facts import Facts, Listener, Python, facts_command, parse
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.hostkeys import HostKeys
from fedwarden.remote.login import Login
from fedwarden.remote.reach import Own

GOOD = Facts(
    user="deploy",
    uid=2000,
    home="h",
    system="Linux",
    arch="x86_64",
    glibc="2.36",
    root="r",
    writable=True,
    disk=9 << 30,
    memory=9 << 30,
    pythons=[Python("/usr/bin/python3", (3, 11, 2), True)],
)


def codes(**changed) -> list[str]:
    return [one.code for one in doctor.judge("h:22", msgspec.structs.replace(GOOD, **changed), [9470])]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"arch": "riscv64"}, "FW-SSH-030"),
        ({"glibc": "2.17"}, "FW-SSH-031"),
        ({"glibc": ""}, "FW-SSH-031"),
        ({"pythons": []}, "FW-SSH-032"),
        ({"pythons": [Python("p", (3, 9, 1), True)]}, "FW-SSH-032"),
        ({"pythons": [Python("p", (3, 12, 1), False)]}, "FW-SSH-033"),
        ({"missing_tools": ["tar"]}, "FW-SSH-034"),
        ({"writable": False}, "FW-SSH-035"),
        ({"disk": 1 << 20}, "FW-SSH-036"),
        ({"memory": 1 << 20}, "FW-SSH-037"),
        ({"clock_offset": -6.0}, "FW-SSH-038"),
        ({"listeners": [Listener(9470, "python", 7)]}, "FW-SSH-039"),
        ({"uid": 0}, "FW-SSH-040"),
    ],
)
def test_each_trouble_is_found_alone_and_has_a_fix_in_both_languages(changed, code):
    assert codes() == []
    assert codes(**changed) == [code]
    (finding,) = doctor.judge("h:22", msgspec.structs.replace(GOOD, **changed), [9470])
    for lang in ("en", "zh"):
        assert "{" not in finding.message(lang) + finding.fix(lang)
        assert finding.fix(lang)


def test_a_host_without_python_is_good_where_one_comes_along():
    bare = msgspec.structs.replace(GOOD, pythons=[Python("p", (3, 9, 1), True)])
    assert [one.code for one in doctor.judge("h:22", bare, carried=["aarch64"])] == ["FW-SSH-032"]
    (told,) = doctor.judge("h:22", bare, carried=["x86_64"])
    assert (told.code, told.severity) == ("FW-SSH-443", "note")


def test_root_is_told_of_the_policy_until_every_agent_there_has_one():
    assert codes(uid=0, agents=["d1"], unruled=["/opt/fedwarden/agents/d1/party-1"]) == ["FW-SSH-040"]
    assert codes(uid=0, agents=["d1"]) == []


def test_an_uncertain_clock_is_not_accused():
    assert codes(clock_offset=6.0, clock_error=2.0) == []


def test_the_python_that_can_make_environments_is_chosen():
    pythons = [Python("a", (3, 13, 0), False), Python("b", (3, 11, 4), True), Python("c", (3, 14, 0), True)]
    assert msgspec.structs.replace(GOOD, pythons=pythons).python.path == "b"


def test_facts_of_this_machine_are_what_python_says(tmp_path):
    done = subprocess.run(
        ["sh", "-c", facts_command(str(tmp_path / "a/b")).line()],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    import os
    import platform

    facts = parse("Welcome to this host!\n\n" + done.stdout)
    assert (facts.uid, facts.arch, facts.system) == (os.getuid(), platform.machine(), "Linux")
    assert facts.glibc == platform.libc_ver()[1]
    assert facts.root == str(tmp_path / "a/b")
    assert not (tmp_path / "a").exists()
    disk = os.statvfs(tmp_path)
    assert facts.disk == pytest.approx(disk.f_bavail * disk.f_frsize, rel=0.05)


@pytest.mark.parametrize(
    "name", ["facts.sh", "install.sh", "place.sh", "ours.sh", "start.sh", "stop.sh", "tidy.sh", "remove.sh"]
)
def test_shell_scripts_are_posix(name):
    for shell in ("dash", "bash"):
        subprocess.run([shell, "-n"], input=scripts.text(name), text=True, check=True, timeout=10)


@pytest.mark.parametrize("name", ["probe_listen.py", "probe_dial.py"])
def test_probes_are_understood_by_old_pythons(name):
    import ast

    ast.parse(scripts.text(name), feature_version=(3, 6))


def test_two_hosts_and_one_that_is_not_there(rig, tmp_path):
    logins = [
        Login(rig.hosts[0].ip, "root", password=rig.hosts[0].passwords["root"]),
        Login(rig.hosts[1].ip, "deploy", key_file=rig.hosts[1].key),
        Login("255.255.255.255"),
    ]
    rig.shell(1, "(timeout 20 python3 -m http.server 9471 >/dev/null 2>&1 &) ; sleep 0.5")
    begin = time.monotonic()
    with Fleet(logins, HostKeys(tmp_path)) as fleet:
        report = doctor.examine(fleet, {login.place: [9470, 9471] for login in logins[:2]})
    assert time.monotonic() - begin < 12
    first, second = (login.place for login in logins[:2])
    assert report.facts[first].root == "/opt/fedwarden"
    assert report.facts[second].root.endswith("/.fedwarden/host")
    assert report.facts[first].addresses == ["127.0.0.1", rig.hosts[0].ip]
    assert abs(report.facts[second].clock_offset) < 0.5
    held = [one for one in report.findings if one.code == "FW-SSH-039"]
    assert [(one.host, one.params["port"]) for one in held] == [(first, 9471)]
    assert "python3" in str(held[0].params["who"])
    assert [one.host for one in report.findings if one.code == "FW-SSH-006"] == ["root@255.255.255.255:22"]
    assert not report.good
    assert {(one.source, one.target, one.how) for one in report.reach if one.source != "root@255.255.255.255:22"} == {
        (first, f"{rig.hosts[1].ip}:9470", "ok"),
        (first, f"{rig.hosts[1].ip}:9471", "ok"),
        (second, f"{rig.hosts[0].ip}:9470", "ok"),
        (second, f"{rig.hosts[0].ip}:9471", "ok"),
    }
    json.loads(msgspec.json.encode(report))
    assert rig.shell(2, "ss -Hltn | grep -c 947 || true").strip() == "0"


def test_tls_that_does_not_get_through_is_told_apart_from_tcp(rig, tmp_path):
    """Something between two hosts that lets connections open and drops what looks like TLS."""
    a, b = rig.hosts[0], rig.hosts[1]
    hook = "type filter hook input priority 0;"
    rule = f"table inet notls {{ chain c {{ {hook} ip saddr {a.ip} tcp dport 9470 @ih,0,8 0x16 drop; }}; }}"
    try:
        rig.shell(2, f"nft '{rule}'")
    except AssertionError as error:
        pytest.skip(f"nft here cannot look into segments: {error}")
    try:
        logins = [Login(host.ip, "deploy", password=host.passwords["deploy"]) for host in (a, b)]
        with Fleet(logins, HostKeys(tmp_path)) as fleet:
            report = doctor.examine(fleet, {logins[1].place: [9470]}, own=Own())
        assert {(one.source, one.how) for one in report.reach} == {
            (f"deploy@{a.ip}:22", "no-tls"),
            ("regulator", "ok"),
        }
        assert not report.good
    finally:
        rig.shell(2, "nft delete table inet notls")


def test_a_one_way_firewall_shows_in_its_direction_alone(rig, tmp_path):
    a, b = rig.hosts[1], rig.hosts[2]
    hook = "type filter hook input priority 0;"
    rule = f"table inet oneway {{ chain c {{ {hook} ip saddr {a.ip} tcp dport 9470 drop; }}; }}"
    rig.shell(3, f"nft '{rule}'")
    try:
        logins = [Login(host.ip, "deploy", password=host.passwords["deploy"]) for host in (a, b)]
        with Fleet(logins, HostKeys(tmp_path)) as fleet:
            report = doctor.examine(fleet, {login.place: [9470] for login in logins})
        assert {(one.source, one.how) for one in report.reach} == {
            (f"deploy@{a.ip}:22", "silent"),
            (f"deploy@{b.ip}:22", "ok"),
        }
        (finding,) = [one for one in report.findings if one.code == "FW-SSH-041"]
        assert (finding.host, finding.params["target"]) == (f"deploy@{a.ip}:22", f"{b.ip}:9470")
    finally:
        rig.shell(3, "nft delete table inet oneway")


def test_no_script_names_a_place_outside():
    for path in Path(scripts.__file__).parent.iterdir():
        if path.suffix == ".sh":
            assert "http" not in path.read_text()
