"""What stands in the way of a FATE cluster is named with its own code before anything is touched; nothing is left."""

import json
import re
import subprocess

import pytest
from fate_world import FOLDER, code_of, images, world

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def one():
    """A host with every image."""
    with world(1) as made:
        made.load(1, images())
        yield made


def refused(one, *words, code, ips=None, names=(), **environment):
    """``code`` is said, with what it is about, and the host is as before."""
    run = one.script(
        *("-f", "deploy", "-e", "fate", "-id", 1, "-ip", *(ips or one.ips), *words, "--json"),
        timeout=200,
        **(one.key | environment),
    )
    assert code_of(run, "deploy") == code, run
    for name in names:
        assert str(name) in run.err, run
    assert one.everything(1) == []
    assert one.current(1, 1) == ""
    assert not re.search("confs-1|FW-FATE", one.rig.shell(1, "docker network ls; iptables -S"))
    return run


def test_ssh_that_is_refused(one):
    rule = "INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset"
    one.rig.shell(1, f"iptables -I {rule}")
    try:
        refused(one, code="FW-SSH-004", names=one.ips)
    finally:
        one.rig.shell(1, f"iptables -D {rule}")


def test_a_host_that_is_not_there(one):
    nowhere = one.ips[0].rsplit(".", 1)[0] + ".77"
    run = one.script("-f", "deploy", "-e", "fate", "-id", 1, "-ip", nowhere, "--json", **one.key)
    assert code_of(run, "deploy") in ("FW-SSH-005", "FW-SSH-006"), run


def test_another_key_than_the_hosts(one, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    refused(one, code="FW-SSH-007", names=one.ips, FEDWARDEN_SSH_KEY=str(key))


def test_a_host_key_that_is_not_the_recorded_one(one):
    file = one.home / "hosts" / "known_hosts.json"
    before = file.read_text() if file.exists() else "{}"
    other = {
        "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "fingerprint": "SHA256:another",
        "enrolled": "2026-01-01T00:00:00+00:00",
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**json.loads(before), f"{one.ips[0]}:22": other}))
    try:
        refused(one, code="FW-SSH-002", names=[*one.ips, "SHA256:another"])
    finally:
        file.write_text(before)


def test_root_that_may_not_log_in(one):
    one.rig.shell(1, "sed -i 's/^PermitRootLogin.*/PermitRootLogin no/' /etc/ssh/sshd_config; kill -HUP 1; sleep 0.5")
    try:
        refused(one, code="FW-SSH-007", names=["root", *one.ips])
    finally:
        one.rig.shell(
            1, "sed -i 's/^PermitRootLogin.*/PermitRootLogin yes/' /etc/ssh/sshd_config; kill -HUP 1; sleep 0.5"
        )


def test_docker_whose_daemon_is_down(one):
    one.rig.call("dockerd", "1", "stop")
    try:
        run = one.script("-f", "deploy", "-e", "fate", "-id", 1, "-ip", *one.ips, "--json", **one.key)
        assert code_of(run, "deploy") == "FW-DEP-653"
        assert "daemon" in run.err
    finally:
        one.rig.call("dockerd", "1", "start")


@pytest.mark.parametrize(("program", "code"), [("docker", "FW-DEP-653"), ("docker-compose", "FW-DEP-654")])
def test_docker_or_compose_that_is_not_installed(one, program, code):
    if program == "docker-compose" and not one.rig.shell(1, "command -v docker-compose || true"):
        pytest.skip("this machine has Compose as Docker's plugin only")
    # wherever it is, and however often
    hide = f"while p=$(command -v {program}); do mv $p $p.hidden; echo $p; hash -r; done"
    hidden = one.rig.shell(1, hide).split()
    try:
        run = one.script("-f", "deploy", "-e", "fate", "-id", 1, "-ip", *one.ips, "--json", **one.key)
        assert code_of(run, "deploy") == code, run
    finally:
        for path in hidden:
            one.rig.shell(1, f"mv {path}.hidden {path}")


def test_an_image_that_is_missing_is_named(one):
    one.rig.shell(1, "docker tag redis:5 keep:1 && docker rmi redis:5")
    try:
        refused(one, code="FW-DEP-663", names=["redis:5"])
        refused(one, "--images", "/nonexistent.tar", code="FW-USE-650")
    finally:
        one.rig.shell(1, "docker tag keep:1 redis:5 && docker rmi keep:1")


def test_a_port_that_is_busy_and_who_holds_it(one):
    one.rig.shell(1, "setsid python3 -m http.server 8869 >/dev/null 2>&1 & echo $! >/tmp/pid; sleep 1")
    try:
        refused(one, code="FW-DEP-661", names=["8869", "python3"])
    finally:
        one.rig.shell(1, "kill $(cat /tmp/pid)")


def test_a_disk_that_is_full(one):
    one.rig.shell(1, "mount -t tmpfs -o size=64m tmpfs /opt")
    try:
        refused(one, code="FW-DEP-660", names=["GiB"])
    finally:
        one.rig.shell(1, "umount /opt")


def test_a_host_with_little_memory(one):
    one.rig.shell(1, "sed 's/^MemTotal:.*/MemTotal: 2000000 kB/' /proc/meminfo >/tmp/meminfo")
    one.rig.shell(1, "mount --bind /tmp/meminfo /proc/meminfo")
    try:
        refused(one, code="FW-DEP-659", names=["1.9 GiB"])
    finally:
        one.rig.shell(1, "umount /proc/meminfo")


def test_a_clock_that_is_wrong(one):
    wrapper = '#!/bin/sh\\nexec /usr/bin/date -d "+10 minutes" "$@"\\n'
    one.rig.shell(1, f"printf '{wrapper}' >/usr/local/bin/date && chmod 755 /usr/local/bin/date")
    try:
        refused(one, code="FW-DEP-658", names=["apart"])
    finally:
        one.rig.shell(1, "rm /usr/local/bin/date")


def test_networks_that_are_used_already(one):
    one.rig.shell(1, "docker network create --subnet 172.29.7.0/24 other >/dev/null")
    try:
        refused(one, "--subnets", "172.29.7.0/24", code="FW-DEP-651", names=["172.29.7.0/24"])
    finally:
        one.rig.shell(1, "docker network rm other >/dev/null")


def test_a_database_made_with_other_passwords(one):
    data = f"{FOLDER}/party-1/data/mysql"
    one.rig.shell(1, f"mkdir -p {data} && echo old >{data}/ibdata1")
    try:
        refused(one, code="FW-DEP-657", names=[data])
        assert one.rig.shell(1, f"cat {data}/ibdata1") == "old\n"
    finally:
        one.rig.shell(1, f"rm -rf {FOLDER}")


def test_another_command_at_the_same_host(one):
    hold = f"echo somebody >{FOLDER}/lock.holder; exec 9>>{FOLDER}/lock; flock 9; exec sleep 60"
    one.rig.shell(1, f"mkdir -p {FOLDER}; setsid sh -c '{hold}' >/dev/null 2>&1 & echo $! >/tmp/pid; sleep 1")
    try:
        refused(one, code="FW-DEP-672", names=["somebody"])
    finally:
        one.rig.shell(1, f"kill $(cat /tmp/pid); rm -rf {FOLDER}")


@pytest.mark.rare
def test_a_container_that_restarts_again_and_again_is_named_with_its_last_words(one):
    one.load(1, images(python="echo no such module; exit 3"))
    try:
        run = refused(one, "--start-seconds", 60, code="FW-DEP-665", names=["confs-1_python_1", "no such module"])
        assert run.err.count("taking back") == 1
        assert "fedwarden" not in one.rig.shell(1, "ls -A /opt")  # nothing was there before, so nothing is now
    finally:
        one.load(1, images())


def test_options_that_make_no_sense_are_refused_before_any_login(one):
    for words, code in [
        (["--open", "mysql"], "FW-DEP-652"),
        (["--fate-version", "2.2.0"], "FW-DEP-650"),
        (["--fate-version", "9"], "FW-DEP-601"),
        (["--start-seconds", "soon"], "FW-USE-652"),
        (["--subnets", "192.167.0.0/16"], "FW-DEP-651"),
    ]:
        refused(one, *words, code=code)
    run = one.script("-f", "deploy", "-id", 1, "-ip", "127.0.0.1", "--notebook", "--json")
    assert code_of(run, "deploy") == "FW-USE-651"
