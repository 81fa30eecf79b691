"""Against real sshd on hosts of their own: logins, refusals with host and fix, deadlines, copies, parallel work."""

import asyncio
import os
import time
from pathlib import Path

import asyncssh
import pytest

from fedwarden.common.errors import RemoteError
from fedwarden.remote.command import Command, script
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.hostkeys import HostKeys
from fedwarden.remote.login import Login
from fedwarden.remote.session import connect


@pytest.fixture
def keys(tmp_path):
    return HostKeys(tmp_path)


def by_password(host, user="root") -> Login:
    return Login(host.ip, user, password=host.passwords[user])


def use(login, keys, action, **words):
    async def inner():
        session = await connect(login, keys, **words)
        try:
            return await action(session)
        finally:
            await session.close()

    return asyncio.run(inner())


def whoami(session):
    return session.run(Command("who", ("id", "-un")))


def refusal(login, keys, **words) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        use(login, keys, whoami, **words)
    assert login.host in caught.value.message("en")
    assert login.host in caught.value.message("zh")
    assert caught.value.fix("en")
    assert caught.value.fix("zh")
    return caught.value


def test_root_by_password_and_a_user_by_key(rig, keys):
    assert use(by_password(rig.hosts[0]), keys, whoami).text == "root\n"
    user = Login(rig.hosts[1].ip, "deploy", key_file=rig.hosts[1].key)
    assert use(user, keys, whoami).text == "deploy\n"


def test_the_callers_ssh_agent_is_asked_when_nothing_else_is_given(rig, keys, tmp_path, monkeypatch):
    import subprocess

    socket = tmp_path / "agent.sock"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            time.sleep(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        assert refusal(Login(rig.hosts[0].ip), keys).code == "FW-SSH-007"
        subprocess.run(["ssh-add", "-q", str(rig.hosts[0].key)], check=True, timeout=10)

        async def forwarded(session):
            return await session.run(script("agent", 'printf "%s" "$SSH_AUTH_SOCK"'))

        assert use(Login(rig.hosts[0].ip), keys, forwarded).text == ""
    finally:
        agent.terminate()
        agent.wait(5)


def test_first_contact_is_told_with_the_hosts_real_fingerprint(rig, keys):
    host = rig.hosts[0]
    real = asyncssh.import_public_key(host.host_key).get_fingerprint()
    with Fleet([by_password(host)], keys) as fleet:
        assert [notice.params["fingerprint"] for notice in fleet.notices] == [real]
    with Fleet([by_password(host)], keys) as fleet:
        assert fleet.notices == []


def test_a_changed_host_key_is_refused_before_the_password_leaves(rig, keys):
    host = rig.hosts[2]
    use(by_password(host), keys, whoami)
    rig.shell(3, "cd /etc/ssh && mv ssh_host_ed25519_key old && ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key")
    rig.shell(3, "kill -HUP 1; sleep 0.3")
    try:
        error = refusal(by_password(host), keys)
        assert error.code == "FW-SSH-002"
        assert error.params["pinned"] == asyncssh.import_public_key(host.host_key).get_fingerprint()
        assert error.params["found"] not in ("", error.params["pinned"])
    finally:
        rig.shell(3, "cd /etc/ssh && mv old ssh_host_ed25519_key && rm -f *.pub && kill -HUP 1; sleep 0.3")
    assert use(by_password(host), keys, whoami).text == "root\n"


def test_wrong_password_names_host_and_user_and_not_the_password(rig, keys):
    error = refusal(Login(rig.hosts[0].ip, "root", password="Sw0rdfish"), keys)
    assert error.code == "FW-SSH-007"
    assert error.params["user"] == "root"
    assert "Sw0rdfish" not in f"{error} {error.params} {Login('h', password='Sw0rdfish')!r}"


def test_nobody_listens_and_no_route_and_not_ssh(rig, keys):
    assert refusal(Login(rig.hosts[0].ip, port=2), keys).code == "FW-SSH-004"
    assert refusal(Login("255.255.255.255"), keys).code == "FW-SSH-006"
    rig.shell(1, "(echo hello there | timeout 20 python3 -c '"
        "import socket;s=socket.create_server((\"0.0.0.0\",2222));c,_=s.accept();c.send(b\"hello\\r\\n\"*300)'"
        ") >/dev/null 2>&1 & sleep 0.4")  # fmt: skip
    assert refusal(Login(rig.hosts[0].ip, port=2222), keys).code == "FW-SSH-012"


def test_a_silent_host_ends_at_the_deadline(rig, keys):
    rig.call("partition", "2")
    try:
        begin = time.monotonic()
        error = refusal(by_password(rig.hosts[1]), keys, seconds=1.0)
        assert error.code in ("FW-SSH-005", "FW-SSH-006")
        assert time.monotonic() - begin < 3
    finally:
        rig.call("heal")


def test_an_unreadable_or_encrypted_key_file_is_named(rig, keys, tmp_path):
    locked = tmp_path / "id"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(locked, passphrase="open")
    for path in (tmp_path / "none", locked):
        with pytest.raises(RemoteError) as caught:
            use(Login(rig.hosts[0].ip, key_file=path), keys, whoami)
        assert caught.value.code == "FW-SSH-008"
        assert str(path) in caught.value.message("en")


def test_a_command_that_fails_says_its_last_words_and_one_that_hangs_is_ended_there(rig, keys):
    async def fail(session):
        await session.run(script("try it", "echo first >&2; echo second >&2; exit 7"))

    async def hang(session):
        await session.run(Command("wait long", ("sleep", "77"), seconds=0.5))

    with pytest.raises(RemoteError) as caught:
        use(by_password(rig.hosts[0]), keys, fail)
    assert caught.value.code == "FW-SSH-010"
    assert (caught.value.params["status"], caught.value.params["why"]) == (7, "second")
    with pytest.raises(RemoteError) as caught:
        use(by_password(rig.hosts[0]), keys, hang)
    assert caught.value.code == "FW-SSH-009"
    assert "wait long" in caught.value.message("zh")
    assert rig.shell(1, "pgrep -f '[s]leep 77' || true") == ""


def test_a_host_cut_off_in_the_middle_is_noticed(rig, keys):
    async def act(session):
        async def cut():
            await asyncio.sleep(0.3)
            await asyncio.to_thread(rig.shell, 1, "pkill -f '[s]shd: root' || true")

        cutting = asyncio.create_task(cut())
        try:
            await session.run(Command("long work", ("sleep", "30"), seconds=40))
        finally:
            await cutting

    with pytest.raises(RemoteError) as caught:
        use(by_password(rig.hosts[0]), keys, act)
    assert caught.value.code == "FW-SSH-011"
    assert "long work" in caught.value.message("en")


def test_a_copy_is_whole_private_and_sent_once(rig, keys, tmp_path):
    source = tmp_path / "big"
    source.write_bytes(os.urandom(5_000_000))

    async def act(session):
        first = await session.send("copy", source, "/data/deep/er/big file", 0o640)
        second = await session.send("copy", source, "/data/deep/er/big file", 0o640)
        third = await session.send("copy", b"", "/data/deep/empty")
        return first, second, third

    assert use(by_password(rig.hosts[0]), keys, act) == (True, False, True)
    copied = rig.hosts[0].data / "deep/er/big file"
    assert copied.read_bytes() == source.read_bytes()
    assert copied.stat().st_mode & 0o777 == 0o640
    assert copied.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in copied.parent.iterdir()] == ["big file"]


def test_a_copy_that_does_not_fit_leaves_nothing_and_keeps_what_was_there(rig, keys, tmp_path):
    rig.shell(2, "mkdir -p /data/small && mount -t tmpfs -o size=1m tmpfs /data/small && echo old >/data/small/file")
    source = tmp_path / "big"
    source.write_bytes(bytes(3_000_000))
    with pytest.raises(RemoteError) as caught:
        use(by_password(rig.hosts[1]), keys, lambda session: session.send("copy", source, "/data/small/file"))
    assert caught.value.code == "FW-SSH-010"
    assert "No space left" in caught.value.message("en")
    assert rig.shell(2, "ls -A /data/small; cat /data/small/file") == "file\nold\n"


def test_hosts_work_at_the_same_time_and_a_dead_one_does_not_stop_the_others(rig, keys):
    logins = [by_password(host) for host in rig.hosts] + [Login("255.255.255.255")]
    with Fleet(logins, keys) as fleet:
        begin = time.monotonic()
        answers = fleet.each(lambda session: session.run(script("sleep", "sleep 1; hostname")))
        assert time.monotonic() - begin < 2.5
    assert [answers[f"root@{host.ip}:22"].text.strip() for host in rig.hosts] == [host.name for host in rig.hosts]
    assert answers["root@255.255.255.255:22"].code == "FW-SSH-006"
    with pytest.raises(RemoteError):
        fleet.require_all()
    assert Path(keys.path).exists()
