"""What is done on a host, done here in a folder of the test: passwords, releases, the database's marker, the lock."""

import asyncio
import contextlib
import os
import re
import shutil

import pytest
from test_fate_render import cluster

from fedwarden.common.errors import RemoteError
from fedwarden.engines.base import Member
from fedwarden.engines.fate.deploy import commands, render
from fedwarden.engines.fate.deploy.facts import parse
from fedwarden.engines.fate.deploy.plan import Plan
from fedwarden.engines.fate.deploy.staging import Staged
from fedwarden.engines.fate.parties import FateParty
from fedwarden.remote.command import Command
from fedwarden.remote.local import LocalSession


@pytest.fixture
def here(tmp_path):
    """A cluster whose folder is on this machine, and how to run commands there."""
    from msgspec.structs import replace

    own = replace(cluster(1, "10.0.0.1"), place="", root=str(tmp_path / "fate" / "party-1"))
    return own, Plan(release="1.4.4", clusters=[own, cluster(2, "10.0.0.2")]), tmp_path / "fate" / "party-1"


def run(command, check=True):
    return asyncio.run(LocalSession().run(command, check=check))


def unpacked(own, plan):
    files = render.files(plan, 1)
    name = render.digest(files)
    return name, run(commands.unpack(own, name, render.archive(files))).text.strip()


def test_passwords_are_made_once_private_and_random(here):
    own, _, root = here
    run(commands.prepare(own, "me"))
    first = (root / "secrets.env").read_text()
    assert re.fullmatch(r"([A-Z_]+=[0-9a-f]{32}\n){5}", first)
    assert len(set(re.findall(r"=(\w+)", first))) == 5
    assert (root / "secrets.env").stat().st_mode & 0o777 == 0o600
    run(commands.prepare(own, "me"))
    assert (root / "secrets.env").read_text() == first


def test_a_release_holds_the_passwords_in_private_files_and_no_place_is_left_open(here):
    own, plan, root = here
    run(commands.prepare(own, "me"))
    name, said = unpacked(own, plan)
    assert said == "new"
    release = root / "releases" / name
    password = re.search(r"MYSQL_FATE=(\w+)", (root / "secrets.env").read_text())[1]
    assert f"jdbc.password={password}" in (release / "confs-1/confs/eggroll/conf/eggroll.properties").read_text()
    for path in release.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert not re.search("@@[A-Z_]+@@", text), path
            if path.stat().st_mode & 0o077:
                assert password not in text, path
    assert f"{root}/data/mysql:/var/lib/mysql" in (release / "confs-1/docker-compose.yml").read_text()
    assert unpacked(own, plan)[1] == "there"


def test_a_database_of_other_passwords_is_never_started_upon(here):
    own, _, root = here
    run(commands.prepare(own, "me"))
    (root / "data/mysql/ibdata1").write_text("rows")
    run(commands.prepare(own, "me"))  # its own passwords: goes on
    (root / "secrets.env").unlink()
    again = run(commands.prepare(own, "me"), check=False)
    assert again.status == 71
    assert (root / "data/mysql/ibdata1").read_text() == "rows"


def test_the_last_good_release_is_kept_and_one_that_failed_is_forgotten(here):
    own, plan, root = here
    run(commands.prepare(own, "me"))
    name, _ = unpacked(own, plan)
    run(commands.settle(own, name, unit=False))
    (root / "releases/other").mkdir()
    run(commands.discard(own, "other"))
    run(commands.discard(own, name))  # never the current one
    assert [path.name for path in (root / "releases").iterdir()] == [name]
    assert (root / "current").resolve().name == name
    for new in ("second", "third"):
        (root / "releases" / new).mkdir()
        run(commands.settle(own, new, unit=False))
    assert sorted(path.name for path in (root / "releases").iterdir()) == ["second", "third"]


def test_every_step_stands_in_the_journal(here):
    own, plan, root = here
    run(commands.prepare(own, "me"))
    name, _ = unpacked(own, plan)
    run(commands.settle(own, name, unit=False))
    steps = re.findall(r'"step":"(\w+)[^"]*","result":"(\w+)"', (root / "journal.jsonl").read_text())
    assert steps == [("prepare", "ok"), ("unpack", "ok"), ("settle", "ok")]


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Docker, Compose and iptables that only write down how they were called; ``say`` makes one of them answer."""
    folder, log = tmp_path / "programs", tmp_path / "called"
    folder.mkdir()
    log.write_text("")

    def say(name, answers=""):
        path = folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\ncase "$*" in\n{answers}\nesac\n')
        path.chmod(0o755)

    for name in ("docker", "docker-compose"):
        say(name)
    say("iptables", '*" -C "* | *" -D FW"*) exit 1 ;;')
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return say, lambda: log.read_text().splitlines()


@pytest.mark.parametrize(("compose", "words"), [("v1", "docker-compose -p"), ("v2", "docker compose -p")])
def test_the_firewall_is_closed_before_a_container_starts_whichever_compose_there_is(here, programs, compose, words):
    own, plan, _ = here
    run(commands.prepare(own, "me"))
    name, _ = unpacked(own, plan)
    run(commands.up(own, name, compose, firewall=True))
    called = programs[1]()
    first_up = next(k for k, line in enumerate(called) if line.startswith(words))
    last_rule = max(k for k, line in enumerate(called) if "-I DOCKER-USER" in line)
    assert last_rule < first_up
    assert [line.split()[-5:] for line in called if " up " in line] == [
        ["-d", "--no-build", "--remove-orphans", "-t", "10"]
    ] * 2
    assert all(line.startswith(words) for line in called if " up " in line)


def test_without_its_rules_no_container_starts(here, programs):
    own, plan, root = here
    run(commands.prepare(own, "me"))
    name, _ = unpacked(own, plan)
    programs[0]("iptables", '*" -I "*) echo "iptables: no such chain" >&2; exit 1 ;;')
    failed = run(commands.up(own, name, "v1", firewall=True), check=False)
    assert (failed.status, failed.last_words) == (1, "iptables: no such chain")
    assert not any(line.startswith("docker") for line in programs[1]())
    assert '"step":"firewall","result":"failed"' in (root / "journal.jsonl").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rules to take out")
def test_the_rules_are_taken_out_though_the_releases_are_lost(here, programs):
    own, _, root = here
    jump = "-A DOCKER-USER -p tcp -m conntrack --ctorigdstport 9370 -j FW-FATE-1"
    programs[0]("iptables", f'*"-S DOCKER-USER"*) echo "{jump}"; echo "{jump}0" ;;')
    shutil.rmtree(root, ignore_errors=True)
    run(commands.down(own, "v1"))
    called = [line.removeprefix("iptables -w 10 ") for line in programs[1]() if line.startswith("iptables")]
    assert called == ["-S DOCKER-USER", jump.replace("-A", "-D", 1), "-F FW-FATE-1", "-X FW-FATE-1"]


@pytest.mark.parametrize(
    ("plugin", "program", "found"), [(True, True, "v2"), (True, False, "v2"), (False, True, "v1"), (False, False, "")]
)
def test_compose_is_found_as_a_plugin_or_as_a_program(here, programs, plugin, program, found):
    own, plan, _ = here
    version = 'version*) echo 27.1.1 ;; "compose version --short") '
    programs[0]("docker", version + ("echo 2.29.1 ;;" if plugin else "echo no such command >&2; exit 1 ;;"))
    programs[0]("docker-compose", '"version --short") echo 1.29.2 ;;' if program else "*) exit 127 ;;")
    facts = parse(run(commands.look(plan, own)).text)
    assert (facts.docker, facts.compose) == ("27.1.1", found)


def test_two_commands_never_work_on_one_host_at_once(here):
    own, _, _ = here

    async def both():
        async with contextlib.AsyncExitStack() as stack:
            first = await stack.enter_async_context(LocalSession().hold(commands.lock(own, "zhang")))
            second = await stack.enter_async_context(LocalSession().hold(commands.lock(own, "li")))
        async with LocalSession().hold(commands.lock(own, "li")) as third:
            return first, second, third

    assert asyncio.run(both()) == ("locked", "busy zhang", "locked")


def test_a_command_that_hangs_here_is_ended_and_named():
    with pytest.raises(RemoteError, match=r"FW-SSH-009.*a step"):
        run(Command("a step", ("sleep", "60"), seconds=0.3))
    with pytest.raises(RemoteError, match=r"FW-SSH-010.*out of luck"):
        run(Command("a step", ("sh", "-c", "echo out of luck >&2; exit 3")))


def test_a_table_is_copied_for_fate_and_the_copy_removed(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("id,x\n1,2\n")
    folder = tmp_path / "staged"
    folder.mkdir()
    party = FateParty(version="1.4.4", flow="", shared=[str(folder), "/inside"])
    member = Member(party=1, host="127.0.0.1", home="")
    staged = Staged(lambda _, command: run(command))
    seen = staged.stage(member, party, str(table))
    (copy,) = folder.iterdir()
    assert seen == f"/inside/{copy.name}"
    assert copy.read_text() == table.read_text()
    assert copy.stat().st_mode & 0o077 == 0
    staged.unstage(member, party, str(table))
    assert list(folder.iterdir()) == []
    assert table.exists()


@pytest.mark.parametrize("path", ["/nowhere/table.csv", "/"])
def test_a_table_that_is_not_there_is_named(tmp_path, path):
    party = FateParty(version="1.4.4", flow="", shared=[str(tmp_path), "/inside"])
    staged = Staged(lambda _, command: run(command))
    with pytest.raises(Exception, match="FW-DATA-650"):
        staged.stage(Member(party=1, host="127.0.0.1", home=""), party, path)
    assert list(tmp_path.iterdir()) == []
