"""The support archive says what happened and holds nothing of what it was about; logs come in one order of time."""

from __future__ import annotations

import json
import os
import re
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_site import Site

from fedwarden.cli.leftovers import end_processes_under
from fedwarden.regulator.scrub import GONE, scrub

CANARIES = ("4711081547110815", "98765.4321", "einkommen_canary", "kennzahl_canary", "projekt-canary", "service-canary")


class Canaries(Site):
    """Names, ids and values that occur nowhere else, in every place where a user may put them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        folder = path / "pfad-canary"
        folder.mkdir()
        self.tables = [folder / "bank_canary.csv", folder / "partner_canary.csv"]
        for table, head in zip(
            self.tables, ("nummer_canary,y,einkommen_canary", "nummer_canary,kennzahl_canary"), strict=True
        ):
            rows = [
                f"47110815471108{k:02},{k % 2},98765.4321{k}"
                if ",y," in head
                else f"47110815471108{k:02},98765.4321{k}"
                for k in range(40)
            ]
            table.write_text("\n".join([head, *rows]) + "\n")


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A training that failed for a reason of its own: too few people in common."""
    it = Canaries(tmp_path_factory.mktemp("support"))
    try:
        it.script("deploy", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
        it.script("upload", "-gp", 1, it.tables[0], "-hp", 2, it.tables[1], "-proj", "projekt-canary")
        done = json.loads(it.run("train", "--project", "projekt-canary", "--json")[0])
        job = json.loads(it.good("jobs", "--json"))["jobs"][0]
        assert job["state"] == "failed", done
        it.run("predict", "service-canary", "--sample-id", "4711081547110815", "--params", "98765.4321")
        yield it, job["job_id"]
    finally:
        end_processes_under(it.home)


def unpacked(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert all(member.isreg() and member.mode == 0o600 and ".." not in member.name for member in members)
        return {Path(m.name).name: archive.extractfile(m).read().decode() for m in members}


def test_the_archive_tells_the_first_cause_first_and_holds_no_canary(failed: tuple[Site, str], tmp_path: Path) -> None:
    site, job = failed
    out = tmp_path / "help.tar.gz"
    answer = json.loads(site.good("support", job, "--out", out, "--json"))
    assert answer["unreached"] == {}
    assert out.stat().st_mode & 0o777 == 0o600
    files = unpacked(out)
    assert next(iter(files)) == "README.txt"
    assert set(answer["files"]) == set(files)
    head = files["README.txt"].splitlines()
    assert job in head[0]
    assert head[1].startswith("First cause")
    cause = json.loads(files["job.json"])["cause"]
    assert f"[{cause['code']}]" in head[1]
    assert "首要原因" in files["README.txt"]
    assert all(name in files["README.txt"] for name in files if name != "README.txt")
    text = "\n".join(files.values())
    for canary in (*CANARIES, "canary", str(site.home), str(site.tables[0].parent), "47110815"):
        assert canary not in text, canary
    for key in [*site.home.rglob("*.pem"), *site.home.rglob("*.key"), *site.home.rglob("*.crt")]:
        for line in key.read_text().splitlines()[1:-1]:
            assert line not in text
    for info in site.home.glob("deployments/*/party-*/agent.json"):
        assert json.loads(info.read_text())["fingerprint"] not in text


def test_what_helps_is_there(failed: tuple[Site, str], tmp_path: Path) -> None:
    site, job = failed
    site.good("support", job, "--out", tmp_path / "a.tar.gz")
    files = unpacked(tmp_path / "a.tar.gz")
    record = json.loads(files["job.json"])
    assert {it["role"] for it in record["roles"]} == {"guest", "host1", "arbiter"}
    assert all(it["state"] == "failed" for it in record["roles"])
    assert record["options"]["min_intersection"] == 100
    assert record["algorithm"] == "hetero_lr"
    assert [(it["rows"], it["columns"]) for it in record["tables"]] == [(40, 1), (40, 1)]
    lines = [json.loads(line) for line in files["log.jsonl"].splitlines()]
    assert {line["role"] for line in lines} == {"guest", "host1", "arbiter"}
    assert all(line["event"] != GONE for line in lines), "every event of our own is kept"
    assert [it["timestamp"] for it in lines] == sorted(it["timestamp"] for it in lines)
    agents = json.loads(files["agents.json"])
    assert {agents[party]["host"] for party in "012"} == {"this machine"}
    stores = {json.loads(line)["store"] for line in files["audit.jsonl"].splitlines()}
    assert stores == {"regulator", "party-0", "party-1", "party-2"}
    assert "job starts" in files["audit.jsonl"]
    assert json.loads(files["system.json"])["python"].startswith("3.")
    assert "job taken in" in files["agent-logs.jsonl"]


def test_logs_are_merged_and_columns_line_up(failed: tuple[Site, str]) -> None:
    site, job = failed
    out = site.good("logs", job).splitlines()
    assert out[0].startswith("First cause"), "first cause first"
    body = [line for line in out if re.match(r"\d{4}-", line)]
    assert [line.split()[0] for line in body] == sorted(line.split()[0] for line in body)
    assert {line.split()[1] for line in body} == {"guest", "host1", "arbiter"}
    strict = json.loads(site.good("logs", job, "--json"))
    assert len(strict["lines"]) == len(body)
    followed = site.good("logs", job, "--follow", "--json").splitlines()
    assert {json.loads(line)["event"] for line in followed} >= {line["event"] for line in strict["lines"]}


def test_an_archive_that_cannot_be_written_and_a_job_that_is_not_there_are_refused(failed: tuple[Site, str]) -> None:
    site, job = failed
    out, _, code = site.run("support", job, "--out", "/proc/no/help.tar.gz", "--json")
    assert (json.loads(out)["code"], code) == ("FW-STATE-571", 1)
    out, _, code = site.run("support", "209901010000000000000", "--json")
    assert (json.loads(out)["code"], code) == ("FW-JOB-001", 1)


def test_a_party_that_is_down_is_named_and_the_rest_is_there(failed: tuple[Site, str], tmp_path: Path) -> None:
    """The agent of party 2 is stopped in its tracks: it neither answers nor can be started again."""
    site, job = failed
    pid = json.loads((site.home / "deployments/d1/party-2/agent.json").read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        out = tmp_path / "down.tar.gz"
        answer = json.loads(site.good("support", job, "--out", out, "--json"))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert answer["unreached"] == {"2": "FW-LINK-002"}
    files = unpacked(out)
    assert "party 2" in files["README.txt"]
    assert "FW-LINK-002" in files["README.txt"]
    assert {json.loads(line)["role"] for line in files["log.jsonl"].splitlines()} == {"guest", "arbiter"}


def test_it_works_after_the_deployment_is_gone(failed: tuple[Site, str], tmp_path: Path) -> None:
    site, job = failed
    site.script("delete", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
    answer = json.loads(site.good("support", job, "--out", tmp_path / "gone.tar.gz", "--json"))
    assert answer["unreached"] == {"all": "FW-DEP-001"}
    assert "First cause" in unpacked(tmp_path / "gone.tar.gz")["README.txt"]


@pytest.mark.parametrize(
    "value",
    [
        "Müller",
        "4711081547110815",
        "/data/bank.csv",
        "10.1.2.3:22",
        "10.1.2.3",
        "12.5",
        "hunter2",
        "x" * 64,
        "income",
        "2026",
        "5f" * 32,
    ],
)
def test_what_is_not_on_the_list_stays_here(value: str) -> None:
    assert scrub({"why": value, value: 1}) == {"why": GONE, GONE: GONE}
    assert scrub([value, {"event": [value]}]) == [GONE, {"event": [GONE]}]


def test_a_number_is_kept_under_a_name_of_counts_only() -> None:
    assert scrub({"rows": 5, "score": 0.25, "einkommen_canary": 5}) == {"rows": 5, "score": GONE, GONE: GONE}


def test_what_is_on_the_list_is_kept() -> None:
    line = {
        "event": "turn",
        "seconds": 1.5,
        "role": "host2",
        "code": "FW-LINK-003",
        "timestamp": "2026-01-01T00:00:00.1Z",
    }
    assert scrub(line) == line
    assert scrub({"job": "202611231845120042137"}, {"202611231845120042137"}) == {"job": "202611231845120042137"}


def test_lines_are_placed_by_one_clock_and_the_offset_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from fedwarden.regulator import job_logs

    def lines(party: int, times: list[str]) -> list[str]:
        return [
            json.dumps({"timestamp": f"2026-01-01T00:00:{it}Z", "event": f"{party}", "party": party}) for it in times
        ]

    class Engine:
        def logs_of_parties(self, site: object, spec: object) -> dict[int, object]:
            return {1: lines(1, ["10.0", "12.0"]), 2: [*lines(2, ["41.0", "43.0"]), "torn {"]}

        def clocks(self, site: object, parties: list[int]) -> dict[int, tuple[float, float]]:
            return {1: (0.01, 0.02), 2: (30.0, 0.02)}

    class Desk:
        import contextlib

        @contextlib.contextmanager
        def changing(self) -> Iterator[None]:
            yield

        def wake(self, site: object, engine: object) -> object:
            return site

    monkeypatch.setattr(job_logs, "find_job", lambda desk, job: None)
    monkeypatch.setattr(job_logs, "site_for", lambda desk, row: (Engine(), None))
    monkeypatch.setattr(job_logs, "spec_of", lambda row: None)
    found = job_logs.merged(Desk(), "1")
    assert [line.get("party") for line in found.lines] == [1, 2, 1, 2, None], "the torn line stays behind its own"
    assert found.offsets == {2: 30.0}
