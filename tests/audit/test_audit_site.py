"""The regulator and real agents: every change of either's records is found and named, whoever was off guard."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from audit_site import Site

from fedwarden.cli.leftovers import end_processes_under
from fedwarden.common.chain_lines import read_lines
from fedwarden.regulator import auditing
from fedwarden.regulator.auditing import Chain
from fedwarden.regulator.store import Store


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Deployed, a table registered, an example job done, everything in the records."""
    it = Site(tmp_path_factory.mktemp("site"))
    try:
        it.script("deploy", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
        it.script("upload", "-gp", 1, it.tables[0], "-hp", 2, it.tables[1], "-proj", "p")
        job = json.loads(it.good("train", "--project", "p", "--algorithm", "example", "--json"))
        assert job["state"] == "success"
        yield it
    finally:
        end_processes_under(it.home)


@pytest.fixture
def copies(site: Site, tmp_path: Path) -> tuple[Path, dict[int, Path]]:
    with sqlite3.connect(site.home / "regulator.db") as whole, sqlite3.connect(tmp_path / "copy.db") as copy:
        whole.backup(copy)
    whole.close()
    copy.close()
    return tmp_path / "copy.db", {p: Path(shutil.copy(site.log(p), tmp_path / f"{p}.jsonl")) for p in (0, 1, 2)}


def judged(store: Path, logs: dict[int, Path]) -> dict[str, list[tuple[str, str]]]:
    opened = Store(store)
    with opened.begin() as session:
        own = auditing.own_chain(session)
    opened.close()
    agents = [Chain(f"d1/party-{party}", *read_lines(path.read_bytes())) for party, path in logs.items()]
    return {
        it.store: [(error.code, error.params["records"]) for error in it.damage]
        for it in auditing.judge([own, *agents])
        if it.damage
    }


def test_untouched_records_are_whole_and_every_row_is_sealed(site: Site, copies: tuple[Path, dict[int, Path]]) -> None:
    assert judged(*copies) == {}
    answer = json.loads(site.good("audit", "verify", "--json"))
    assert [it["store"] for it in answer["chains"]] == ["regulator", "d1/party-0", "d1/party-1", "d1/party-2"]
    assert {it["state"] for it in answer["chains"]} == {"whole"}


TAMPER = {
    "change": (["update audit set details='{}' where seq=2"], [("FW-STATE-561", "2")]),
    "change the seal": (["update audit set digest=null where seq=2"], [("FW-STATE-561", "2")]),
    "drop in the middle": (["delete from audit where seq=2"], [("FW-STATE-562", "2")]),
    "reorder": (
        [f"update audit set seq={new} where seq={old}" for old, new in ((2, 902), (3, 2), (902, 3))],
        None,
    ),
    "insert": (
        [
            "update audit set seq=-seq-1 where seq>2",
            "update audit set seq=-seq where seq<0",
            "insert into audit select 3, at, actor, action, subject, details, previous, digest from audit where seq=2",
        ],
        [("FW-STATE-566", "2")],
    ),
    "insert a foreign one": (
        [
            "update audit set seq=-seq-1 where seq>2",
            "update audit set seq=-seq where seq<0",
            "insert into audit values (3, 'now', 'x', 'did', 's', '{}', '" + "0" * 64 + "', '" + "1" * 64 + "')",
        ],
        [("FW-STATE-561", "3")],
    ),
    "duplicate a number": (
        [
            "create table other as select * from audit",
            "drop table audit",
            "alter table other rename to audit",
            "insert into audit select * from audit where seq=2",
        ],
        [("FW-STATE-566", "2")],
    ),
}


@pytest.mark.parametrize("how", TAMPER)
def test_tampering_with_the_regulators_store_is_named(how: str, copies: tuple[Path, dict[int, Path]]) -> None:
    store, logs = copies
    statements, expected = TAMPER[how]
    with sqlite3.connect(store) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    found = judged(store, logs)
    assert list(found) == ["regulator"]
    if expected is not None:
        assert found["regulator"] == expected
    else:
        assert [code for code, _ in found["regulator"]] == ["FW-STATE-564"]


def test_a_cut_end_of_the_regulators_store_is_named_by_the_agents(copies: tuple[Path, dict[int, Path]]) -> None:
    store, logs = copies
    with sqlite3.connect(store) as connection:
        connection.execute("delete from audit where seq>2")
    connection.close()
    ((code, records),) = judged(store, logs)["regulator"]
    assert code == "FW-STATE-563"
    assert records.startswith("3–")


def test_a_store_that_was_written_anew_is_named_by_the_agents(copies: tuple[Path, dict[int, Path]]) -> None:
    from fedwarden.common.chain import GENESIS, AuditHead, sealed

    store, logs = copies
    with sqlite3.connect(store) as connection:
        head = AuditHead(0, GENESIS)
        for row in connection.execute("select at, actor, action, subject, details from audit order by seq").fetchall():
            made = sealed(head, row[0], "somebody else", *row[2:4], json.loads(row[4]))
            head = made.head
            connection.execute(
                "update audit set actor=?, previous=?, digest=? where seq=?",
                (made.actor, made.previous, made.digest, made.seq),
            )
    connection.close()
    assert [code for code, _ in judged(store, logs)["regulator"]] == ["FW-STATE-568"]


LINES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "change": (lambda it: [*it[:3], it[3].replace(b'"actor":"', b'"actor":"x'), *it[4:]], "FW-STATE-561"),
    "drop in the middle": (lambda it: [*it[:3], *it[4:]], "FW-STATE-562"),
    "drop of the tail": (lambda it: it[:3], "FW-STATE-563"),
    "everything gone": (lambda it: [], "FW-STATE-563"),
    "reorder": (lambda it: [*it[:3], it[4], it[3], *it[5:]], "FW-STATE-564"),
    "duplicate": (lambda it: [*it[:3], it[2], *it[3:]], "FW-STATE-566"),
    "insert": (lambda it: [*it[:3], it[2].replace(b'"seq":3', b'"seq":4'), *it[3:]], "FW-STATE-566"),
    "overwrite": (lambda it: [*it[:3], b"?" * 40 + b"\n", *it[4:]], "FW-STATE-567"),
}


@pytest.mark.parametrize("party", [0, 2])
@pytest.mark.parametrize("how", LINES)
def test_tampering_with_an_agents_log_is_named(how: str, party: int, copies: tuple[Path, dict[int, Path]]) -> None:
    store, logs = copies
    change, code = LINES[how]
    logs[party].write_bytes(b"".join(change(logs[party].read_bytes().splitlines(keepends=True))))
    found = judged(store, logs)
    assert list(found) == [f"d1/party-{party}"]
    assert [told for told, _ in found[f"d1/party-{party}"]] == [code]


def test_records_tell_the_story_and_no_value(site: Site) -> None:
    own = json.loads(site.good("audit", "show", "--json"))["chains"][0]["records"]
    actions = [it["action"] for it in own]
    for action in ("deploy", "upload", "submit", "job success", "heads"):
        assert action in actions
    agent = json.loads(site.good("audit", "show", "--party", "1", "--json"))["chains"][0]["records"]
    assert {"agent started", "POST /v1/jobs", "job starts", "job ended", "head noted"} <= {it["action"] for it in agent}
    assert "job starts" in site.good("audit", "show", "--party", "2")
    out, _, code = site.run("audit", "show", "--party", "7", "--json")
    assert (json.loads(out)["code"], code) == ("FW-USE-560", 1)


def test_the_command_names_what_was_done_and_fails(site: Site) -> None:
    """Last: it really cuts the log of a party, whose agent was killed before."""
    info = json.loads((site.home / "deployments/d1/party-2/agent.json").read_text())
    os.kill(info["pid"], signal.SIGKILL)
    time.sleep(0.3)
    lines = site.log(2).read_bytes().splitlines(keepends=True)
    site.log(2).write_bytes(b"".join(lines[:-4]))
    out, err, code = site.run("audit", "verify")
    assert code == 1
    assert "d1/party-2" in out
    assert "FW-STATE-56" in out
    assert "the audit is damaged" in err
    strict = json.loads(site.run("audit", "verify", "--json")[0])
    assert strict["code"] == "FW-STATE-569"
    assert {it["store"]: it["state"] for it in strict["params"]["chains"]}["d1/party-2"] == "damaged"


def test_what_is_deleted_keeps_its_record(site: Site) -> None:
    site.script("delete", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
    assert sorted(path.name for path in (site.home / "audit/d1").iterdir()) == [f"party-{k}.jsonl" for k in (0, 1, 2)]
    for path in (site.home / "audit/d1").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    strict = json.loads(site.run("audit", "verify", "--json")[0])
    states = {it["store"]: it["state"] for it in strict["params"]["chains"]}
    assert states == {"regulator": "whole", "d1/party-0": "whole", "d1/party-1": "whole", "d1/party-2": "damaged"}
