"""An agent's audit log: private, whole after any death of its writer, and never lost in silence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fedwarden.common.chain_lines import TORN, read_lines
from fedwarden.common.damage import find_damage
from fedwarden.common.errors import StateError
from fedwarden.party.audit import MAX_DETAILS, AuditLog


def damage_of(path: Path) -> list[tuple[str, int]]:
    records, unreadable = read_lines(path.read_bytes())
    return [(it.kind, it.seq) for it in find_damage(records, (), unreadable)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def test_records_are_on_disk_private_and_chained_across_openings(path: Path) -> None:
    AuditLog(path).record("regulator", "job taken in", "1", roles=["guest"])
    AuditLog(path).record("party 2", "share", "m", refused="FW-ID-064")
    assert path.stat().st_mode & 0o777 == 0o600
    records, _ = read_lines(path.read_bytes())
    assert [(it.seq, it.actor, it.details) for it in records] == [
        (1, "regulator", {"decision": "allowed", "roles": ["guest"]}),
        (2, "party 2", {"decision": "refused", "code": "FW-ID-064"}),
    ]
    assert AuditLog(path).head() == records[1].head
    assert damage_of(path) == []


WRITER = """
import sys
from pathlib import Path
from fedwarden.party.audit import AuditLog
log = AuditLog(Path(sys.argv[1]))
for number in range(1000000):
    log.record("regulator", "did", str(number), padding="x" * 3000)
    if number == 20:
        print("ready", flush=True)
"""


def test_a_killed_writer_leaves_a_chain_that_goes_on(path: Path) -> None:
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout as words:
            assert words.readline() == b"ready\n"
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
    log = AuditLog(path)
    last = log.record("regulator", "did", "after")
    assert last.seq >= 64
    assert damage_of(path) == []


@pytest.mark.parametrize("kept", [1, 40, -2])
def test_a_torn_last_line_is_closed_off_and_said(path: Path, kept: int) -> None:
    log = AuditLog(path)
    for number in range(3):
        log.record("regulator", "did", str(number))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:kept])
    AuditLog(path).record("regulator", "did", "after")
    records, _ = read_lines(path.read_bytes())
    assert [it.action for it in records] == ["did", "did", TORN, "did"]
    assert records[2].actor == "agent"
    assert records[2].details["bytes"] == len(lines[2][:kept])
    assert damage_of(path) == []


def test_a_closing_off_that_was_torn_itself_is_closed_off(path: Path) -> None:
    log = AuditLog(path)
    log.record("regulator", "did", "0")
    path.write_bytes(path.read_bytes() + b'{"seq":2,"at\n{"seq":2')
    AuditLog(path).record("regulator", "did", "after")
    assert [it.action for it in read_lines(path.read_bytes())[0]] == ["did", TORN, "did"]
    assert damage_of(path) == []


def test_a_line_whose_line_feed_alone_is_missing_counts(path: Path) -> None:
    log = AuditLog(path)
    log.record("regulator", "did", "0")
    log.record("regulator", "did", "1")
    path.write_bytes(path.read_bytes()[:-1])
    AuditLog(path).record("regulator", "did", "2")
    assert [it.subject for it in read_lines(path.read_bytes())[0]] == ["0", "1", "2"]
    assert damage_of(path) == []


def test_a_file_with_nothing_but_a_torn_line_begins_anew(path: Path) -> None:
    path.write_bytes(b'{"seq":1,"at"')
    AuditLog(path).record("regulator", "did", "0")
    assert damage_of(path) == []


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        (lambda lines: [*lines[:4], lines[4].replace(b"regulator", b"Regulator"), *lines[5:]], ("changed", 5)),
        (lambda lines: [*lines[:4], *lines[5:]], ("dropped", 5)),
        (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], ("reordered", 6)),
        (lambda lines: [*lines[:4], lines[4], lines[4], *lines[5:]], ("duplicated", 5)),
        (lambda lines: [*lines[:4], b"{}\n", *lines[5:]], ("unreadable", 5)),
        (lambda lines: [*lines[:4], b"\xff\xfe\n", *lines[4:]], ("unreadable", 5)),
    ],
    ids=["change", "drop", "reorder", "duplicate", "overwrite", "garbage"],
)
def test_tampering_with_the_file_is_found_also_after_the_agent_went_on(path: Path, how, kind) -> None:
    log = AuditLog(path)
    for number in range(10):
        log.record("regulator", "did", str(number))
    path.write_bytes(b"".join(how(path.read_bytes().splitlines(keepends=True))))
    assert damage_of(path) == [kind]
    AuditLog(path).record("regulator", "did", "after")
    assert damage_of(path) == [kind]


def test_what_comes_often_is_counted_and_nothing_is_lost(path: Path) -> None:
    log = AuditLog(path, count_seconds=60.0)
    threads = [
        threading.Thread(target=lambda: [log.count("serving port", "predict", "credit") for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.count("party 3", "share", "m", refused="FW-ID-064", times=7)
    assert [it.details["count"] for it in read_lines(path.read_bytes())[0]] == [1, 7], "the first ones at once"
    log.head()
    records = read_lines(path.read_bytes())[0]
    assert sum(it.details["count"] for it in records if it.action == "predict") == 200
    log.count("serving port", "predict", "credit", times=3)
    log.close()
    assert sum(it.details["count"] for it in read_lines(path.read_bytes())[0]) == 210
    assert damage_of(path) == []


def test_counts_are_written_without_being_asked(path: Path) -> None:
    log = AuditLog(path, count_seconds=0.05)
    log.count("serving port", "predict", "credit")
    log.count("serving port", "predict", "credit", times=4)
    until = threading.Event()
    for _ in range(200):
        if sum(it.details["count"] for it in read_lines(path.read_bytes())[0]) == 5:
            return
        until.wait(0.05)
    raise AssertionError(path.read_bytes())


def test_a_line_has_a_bound(path: Path) -> None:
    log = AuditLog(path)
    log.record("r" * 9999, "a" * 9999, "s" * 9999, revealed=["x" * 100] * 9999)
    assert path.stat().st_size < MAX_DETAILS + 2000
    (record,) = read_lines(path.read_bytes())[0]
    assert record.details["too_long"] > MAX_DETAILS
    assert damage_of(path) == []


def test_a_log_that_cannot_be_written_refuses_and_goes_on_when_it_can(path: Path) -> None:
    log = AuditLog(path)
    log.record("regulator", "did", "0")
    saved = path.read_bytes()
    path.unlink()
    path.mkdir()
    with pytest.raises(StateError) as caught:
        log.record("regulator", "did", "1")
    assert caught.value.code == "FW-STATE-560"
    path.rmdir()
    path.write_bytes(saved)
    assert log.record("regulator", "did", "1").seq == 2
    assert damage_of(path) == []


def test_reading_on_from_a_byte_gives_whole_lines_only(path: Path) -> None:
    log = AuditLog(path)
    for number in range(50):
        log.record("regulator", "did", str(number))
    parts, start = [], 0
    while part := log.read(start, 1000):
        assert part.endswith(b"\n")
        parts.append(part)
        start += len(part)
    assert b"".join(parts) == path.read_bytes()
    assert len(parts) > 5
