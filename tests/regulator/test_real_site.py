"""The regulator with real agents on this machine: interrupted commands, repeated ones, several at once."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fedwarden.cli.leftovers import end_processes_under, processes_under

SCRIPT = [sys.executable, "-P", "-m", "fedwarden.cli.script"]
LOCAL = "127.0.0.1"


class Home:
    """A regulator's home for one test, and script.py run in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, *words: object) -> subprocess.Popen[str]:
        environment = {**os.environ, "FEDWARDEN_HOME": str(self.path), "FEDWARDEN_LANG": "en"}
        return subprocess.Popen(
            [*SCRIPT, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )

    def run(self, *words: object) -> tuple[str, str, int]:
        process = self.begin(*words)
        out, err = process.communicate(timeout=90)
        return out, err, process.returncode

    def good(self, *words: object) -> str:
        out, err, code = self.run(*words)
        assert code == 0, (words, out, err)
        return err

    def sql(self, query: str) -> list[tuple]:
        connection = sqlite3.connect(f"file:{self.path / 'regulator.db'}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def agents(self) -> dict[int, dict]:
        found = sorted(self.path.glob("deployments/*/party-*/agent.json"))
        return {int(path.parent.name.split("-")[1]): json.loads(path.read_text()) for path in found}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    it = Home(tmp_path / "home")
    yield it
    end_processes_under(it.path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Parties 1 and 2 deployed, project ``p`` uploaded."""
    folder = tmp_path_factory.mktemp("site")
    it = Home(folder / "home")
    rows = range(200)
    (folder / "guest.csv").write_text("id,y,a,b\n" + "".join(f"i{k},{k % 2},{k % 7}.5,{k % 5}\n" for k in rows))
    (folder / "host.csv").write_text("id,c\n" + "".join(f"i{k},{k % 11}.25\n" for k in rows))
    try:
        it.good("-f", "deploy", "-id", 1, 2, "-ip", LOCAL, LOCAL)
        it.good("-f", "upload", "-gp", 1, folder / "guest.csv", "-hp", 2, folder / "host.csv", "-proj", "p")
        yield it
    finally:
        end_processes_under(it.path)


def eventually(look: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end
        time.sleep(0.02)


def agents_begun(home: Home) -> bool:
    return len(list(home.path.glob("deployments/*/party-*/agent.lock"))) >= 1


def test_a_killed_deploy_is_taken_back_by_the_next_one(home: Home) -> None:
    process = home.begin("-f", "deploy", "-id", 1, 2, "-ip", LOCAL, LOCAL)
    eventually(lambda: agents_begun(home))
    process.kill()
    process.communicate()
    assert home.sql("select state from deployments") == [("deploying",)]
    err = home.good("-f", "deploy", "-id", 2, 3, "-ip", LOCAL, LOCAL)
    assert "taken back" in err
    assert home.sql("select state from deployments") == [("deployed",)]
    assert sorted(home.agents()) == [0, 2, 3]
    agents = {agent["pid"] for agent in home.agents().values()}
    assert set(processes_under(home.path)) == agents, "nothing of the killed deploy is left running"
    assert len(list(home.path.glob("deployments/*/party-*"))) == 3


def test_a_deploy_that_is_asked_to_end_takes_itself_back(home: Home) -> None:
    process = home.begin("-f", "deploy", "-id", 1, "-ip", LOCAL)
    eventually(lambda: agents_begun(home))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("deploy failure.\n", 1), err
    assert len(err.splitlines()) == 1
    assert processes_under(home.path) == []
    assert home.sql("select * from deployments") == []
    assert not list(home.path.glob("deployments/*"))


def test_a_killed_delete_is_finished_by_the_next_command(home: Home) -> None:
    home.good("-f", "deploy", "-id", 1, "-ip", LOCAL)
    process = home.begin("-f", "delete", "-id", 1, "-ip", LOCAL)
    eventually(lambda: home.sql("select state from deployments where state = 'deleting'"))
    process.kill()
    process.communicate()
    home.good("-f", "deploy", "-id", 1, "-ip", LOCAL)
    assert home.sql("select state from deployments order by created") == [("deleted",), ("deployed",)]
    assert len(processes_under(home.path)) == 2


def test_two_commands_at_once_do_not_disturb_each_other(site: Home) -> None:
    words = ("-f", "submit", "-proj", "p", "-alg", "example", "-m", 1, "--json")
    running = [site.begin(*words) for _ in range(3)]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    ids = [answer["jobid"] for answer in answers]
    assert len(set(ids)) == 3
    assert sorted(ids) == [row[0] for row in site.sql("select id from jobs order by id")][-3:]
    for job in ids:
        eventually(lambda job=job: set(site.run("-f", "query", "-jid", job)[0].split()) == {"success"}, 40)


def test_deploying_the_same_again_starts_what_is_dead_and_changes_nothing_else(site: Home) -> None:
    before = site.agents()
    rows = site.sql("select * from parties")
    assert "nothing was changed" in site.good("-f", "deploy", "-id", 2, 1, "-ip", LOCAL, LOCAL)
    assert site.agents() == before
    os.kill(before[2]["pid"], signal.SIGKILL)
    err = site.good("-f", "deploy", "-id", 1, 2, "-ip", LOCAL, LOCAL)
    assert "started again" in err
    after = site.agents()
    assert {party for party in after if after[party]["pid"] != before[party]["pid"]} == {2}
    assert after[2]["fingerprint"] == before[2]["fingerprint"]
    assert len(site.sql("select * from parties")) == len(rows)


def test_an_agent_that_runs_under_a_reused_pid_is_not_taken_for_alive(site: Home) -> None:
    path = next(site.path.glob("deployments/*/party-1/agent.json"))
    agent = json.loads(path.read_text())
    os.kill(agent["pid"], signal.SIGKILL)
    eventually(lambda: agent["pid"] not in processes_under(site.path))
    path.write_text(json.dumps({**agent, "pid": os.getpid()}))
    assert "started again" in site.good("-f", "deploy", "-id", 1, 2, "-ip", LOCAL, LOCAL)
    assert site.agents()[1]["pid"] not in (os.getpid(), agent["pid"])


def test_a_dead_agent_whose_port_was_taken_listens_on_another_and_all_know_it(site: Home) -> None:
    agent = site.agents()[2]
    os.kill(agent["pid"], signal.SIGKILL)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        eventually(lambda: _binds(thief, agent["control_port"]))
        thief.listen()
        out, err, code = site.run("-f", "submit", "-proj", "p", "-alg", "example", "-m", 1, "--json")
        assert code == 0, err
        assert "new ones" in err
        job = json.loads(out)["jobid"]
        eventually(lambda: set(site.run("-f", "query", "-jid", job)[0].split()) == {"success"}, 40)
    moved = site.agents()[2]
    assert moved["control_port"] != agent["control_port"]
    assert moved["fingerprint"] == agent["fingerprint"]
    assert site.sql("select control_port from parties where party=2") == [(moved["control_port"],)]


def _binds(thief: socket.socket, port: int) -> bool:
    try:
        thief.bind((LOCAL, port))
    except OSError:
        return False
    return True


def test_an_upload_that_replaces_says_so(site: Home) -> None:
    folder = site.path.parent
    words = ("-gp", 1, folder / "guest.csv", "-hp", 2, folder / "host.csv")
    assert "replaced" not in site.good("-f", "upload", *words, "-proj", "twice")
    assert "replaced" in site.good("-f", "upload", *words, "-proj", "twice")
    assert site.sql("select count(*) from uploads where project='twice' and replaced is null") == [(1,)]


def test_a_submit_that_was_killed_before_it_was_told_is_taken_back(site: Home) -> None:
    connection = sqlite3.connect(site.path / "regulator.db")
    columns = [row[1] for row in connection.execute("pragma table_info(jobs)")]
    row = dict(zip(columns, connection.execute("select * from jobs limit 1").fetchone(), strict=True))
    spec = json.loads(row["spec"])
    spec["job_id"] = row["id"] = "209901010000000000001"
    row |= {"spec": json.dumps(spec), "state": "submitting", "complete": 0, "ended": None}
    connection.execute(f"insert into jobs values ({','.join('?' * len(columns))})", list(row.values()))
    connection.commit()
    connection.close()
    site.good("-f", "deploy", "-id", 1, 2, "-ip", LOCAL, LOCAL)
    assert site.sql("select * from jobs where state='submitting'") == []
    out, _, code = site.run("-f", "query", "-jid", row["id"])
    assert (out, code) == ("failed\n", 1)


def test_every_change_left_its_audit_line(site: Home) -> None:
    actions = {row[0] for row in site.sql("select action from audit")}
    assert {"deploy", "upload", "submit", "job success"} <= actions
    assert all(row[0] and row[1].endswith("Z") for row in site.sql("select actor, at from audit"))


def test_a_command_that_finds_the_lock_taken_names_the_holder(site: Home) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom fedwarden.common.files import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    )
    lock = str(site.path / "regulator.lock")
    holder = subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdin is not None
    with holder.stdout, holder.stdin:
        assert holder.stdout.readline() == "held\n"
        waiting = (
            "import sys\nfrom fedwarden.regulator import desk\ndesk.LOCK_SECONDS = 0.5\n"
            "from fedwarden.cli.script import main\nsys.exit(main(sys.argv[1:]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", waiting, "-f", "deploy", "-id", "1", "2", "-ip", LOCAL, LOCAL],
            env={**os.environ, "FEDWARDEN_HOME": str(site.path), "FEDWARDEN_LANG": "en"},
            capture_output=True,
            text=True,
            check=False,
        )
    holder.wait(10)
    assert (done.stdout, done.returncode) == ("deploy failure.\n", 1)
    assert str(holder.pid) in done.stderr
