"""A deployment changed by fedwarden.yaml, with real agents on this machine: only what the plan says, or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedwarden.cli.leftovers import end_processes_under

LOCAL = "127.0.0.1"


class Site:
    """A regulator's home and a file beside it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.file = folder / "home", folder / "fedwarden.yaml"

    def write(self, *parties: int, **more: object) -> None:
        entries = [{"id": party, "host": LOCAL} for party in parties]
        self.file.write_text(json.dumps({"parties": entries, **more}))  # JSON is YAML

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "FEDWARDEN_HOME": str(self.home), "FEDWARDEN_LANG": "en"}
        return subprocess.run(
            [sys.executable, "-P", "-m", *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def deploy(self, *words: str) -> dict[int, str]:
        """Party → action of a deploy that succeeds."""
        done = self.run("fedwarden", "deploy", "-f", self.file, "--json", *words)
        assert done.returncode == 0, done
        return {step["party"]: step["action"] for step in json.loads(done.stdout)["steps"]}

    def agents(self) -> dict[int, dict[str, object]]:
        found = sorted(self.home.glob("deployments/*/party-*/agent.json"))
        return {int(path.parent.name.split("-")[1]): json.loads(path.read_text()) for path in found}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("changes"))
    try:
        yield made
    finally:
        end_processes_under(made.home)


def test_1_the_file_takes_over_what_words_deployed(site: Site) -> None:
    done = site.run("fedwarden.cli.script", "-f", "deploy", "-id", 1, 2, "-ip", LOCAL, LOCAL)
    assert done.returncode == 0, done
    before = site.agents()
    site.write(1, 2)
    assert site.deploy("--plan") == site.deploy() == {0: "keep", 1: "keep", 2: "keep"}
    plan = json.loads(site.run("fedwarden", "deploy", "-f", site.file, "--plan", "--json").stdout)
    assert plan["message"] == "plan success.", "nothing was deployed by it"
    assert site.agents() == before
    done = site.run("fedwarden.cli.script", "-f", "deploy", "-id", 1, 2, "-ip", LOCAL, LOCAL)
    assert "nothing was changed" in done.stderr


def test_2_other_ports_and_another_party_keep_the_keys_and_the_untouched(site: Site) -> None:
    before = site.agents()
    site.write(1, 3, ports={"data": 9870})
    wanted = {0: "change", 1: "change", 3: "create", 2: "remove"}
    assert site.deploy("--plan") == wanted
    assert site.agents() == before
    assert site.deploy() == wanted
    after = site.agents()
    assert sorted(after) == [0, 1, 3]
    assert [after[party]["fingerprint"] == before[party]["fingerprint"] for party in (0, 1)] == [True, True]
    assert all(9870 <= int(str(agent["data_port"])) < 9900 for agent in after.values())
    assert set(site.deploy().values()) == {"keep"}


def audited(site: Site) -> dict[str, str]:
    """Every chain of ``audit verify`` and what it is found to be."""
    done = site.run("fedwarden", "audit", "verify", "--json")
    assert done.returncode == 0, done
    return {it["store"]: it["state"] for it in json.loads(done.stdout)["chains"]}


def test_2b_the_audit_of_who_left_is_kept_and_not_taken_for_that_of_who_came_in_its_place(site: Site) -> None:
    (kept,) = (site.home / "audit" / "d1").iterdir()
    assert kept.name.startswith("party-2-") and kept.stat().st_mode & 0o777 == 0o600
    actions = [json.loads(line)["action"] for line in kept.read_text().splitlines()]
    assert actions[0] == "agent started" and "head noted" in actions, "from its first day to its last"
    assert audited(site)[f"d1/{kept.stem}"] == "whole"
    site.write(1, 2, 3, ports={"data": 9870})
    assert site.deploy()[2] == "create"
    found = audited(site)
    assert {"d1/party-2", f"d1/{kept.stem}"} <= set(found) and set(found.values()) == {"whole"}
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(lines[:-2]))
    done = site.run("fedwarden", "audit", "verify")
    assert done.returncode == 1 and f"d1/{kept.stem}" in done.stderr + done.stdout, "the regulator's heads witness it"
    kept.write_text("".join(lines))
    site.write(1, 3, ports={"data": 9870})
    assert site.deploy()[2] == "remove"
    assert len(list((site.home / "audit" / "d1").iterdir())) == 2
    assert set(audited(site).values()) == {"whole"}


def test_3_a_change_that_fails_leaves_everything_as_it_was(site: Site) -> None:
    before = site.agents()
    site.write(1, 3, 4, ports={"data": 9970})
    obstacle = site.home / "deployments" / "d1" / "party-4"
    obstacle.touch()
    done = site.run("fedwarden", "deploy", "-f", site.file, "--json")
    assert done.returncode == 1, done
    failure = json.loads(done.stdout)
    assert (failure["code"], [note["code"] for note in failure["notices"]]) == ("FW-DEP-008", ["FW-NOTE-162"])
    assert failure["recap"] == [{"host": LOCAL, "ok": 0, "changed": 0, "failed": 4}]
    obstacle.unlink(missing_ok=True)
    after = site.agents()
    assert sorted(after) == [0, 1, 3]
    kept = ("fingerprint", "control_port", "data_port", "serving_port")
    assert [{name: after[party][name] for name in kept} for party in after] == [
        {name: before[party][name] for name in kept} for party in before
    ]
    site.write(1, 3, ports={"data": 9870})
    assert set(site.deploy().values()) == {"keep"}
    site.write(1, 3, 4, ports={"data": 9870})
    assert site.deploy()[4] == "create"


def test_4_a_dead_agent_is_started_and_destroy_leaves_nothing(site: Site) -> None:
    os.kill(int(str(site.agents()[3]["pid"])), 9)
    assert site.deploy("--plan")[3] == "start"
    assert site.deploy()[3] == "start"
    for expected in ("deleted: ", "nothing is deployed"):
        done = site.run("fedwarden", "destroy", "-f", site.file, "--yes")
        assert done.returncode == 0 and expected in done.stdout and done.stderr == "", done
    again = json.loads(site.run("fedwarden", "destroy", "--yes", "--json").stdout)
    assert (again["retcode"], again["deleted"]) == (0, "")
    old = site.run("fedwarden.cli.script", "-f", "delete", "-id", 1, 3, "-ip", LOCAL, LOCAL)
    assert (old.returncode, old.stdout) == (1, "delete failure.\n"), "the words of script.py stay"
    assert not list(site.home.glob("deployments/*/*"))


def test_init_writes_once(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "fedwarden.yaml"
    assert site.run("fedwarden", "init", "-f", file).returncode == 0
    file.write_text("mine")
    assert site.run("fedwarden", "init", "-f", file).returncode == 1
    assert file.read_text() == "mine"
    assert site.run("fedwarden", "init", "-f", file, "--force").returncode == 0
    assert "parties:" in file.read_text()


def test_deploy_wants_words_or_a_file_and_not_both(site: Site) -> None:
    for words in ((), ("-f", site.file, "--party", f"1={LOCAL}")):
        done = site.run("fedwarden", "deploy", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "fedwarden init" in done.stderr
