"""What a newcomer types and meets: wrong words in his language, a version, short views, causes as sentences."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_headings import RECORD

import fedwarden
from fedwarden.cli import headings, job_help, job_page, main, progress
from fedwarden.regulator import publishing
from fedwarden.regulator.opening import open_desk

WRONG = {
    "FW-USE-770": ["nosuch"],
    "FW-USE-771": ["train", "--zzz"],
    "FW-USE-772": ["train", "--json", "--project"],
    "FW-USE-773": ["deploy", "--plan=yes"],
    "FW-USE-774": ["train"],
    "FW-USE-775": ["models", "more"],
    "FW-USE-776": ["train", "--project", "p", "--mode", "abc"],
    "FW-USE-778": ["train", "--projct", "p"],
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDWARDEN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(main, "catch_signals", lambda: None)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("code", WRONG)
def test_wrong_words_are_refused_in_one_language(
    code: str, lang: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FEDWARDEN_LANG", lang)
    assert main.run(WRONG[code] if "--json" in WRONG[code] else [*WRONG[code], "--json"]) == 2
    out, err = capfd.readouterr()
    assert json.loads(out)["code"] == code
    (line,) = err.splitlines()
    words = [word for word in re.findall(r"[A-Za-z]{3,}", line) if word not in ("fedwarden", "help", "nosuch")]
    shown = {"zzz", "plan", "project", "projct", "mode"}
    if lang == "zh":
        assert set(words) <= shown, line
    else:
        assert not re.search(r"[\u4e00-\u9fff]", line), line


def test_a_word_too_many_is_not_repeated_for_it_may_be_a_password(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.run(["models", "Secret-7", "--json"]) == 2
    assert "Secret-7" not in "".join(capfd.readouterr())


def test_the_version_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--version"]) == 0
    assert capfd.readouterr().out == f"fedwarden {fedwarden.__version__}\n"


def test_every_phase_of_a_worker_has_a_chinese_name(monkeypatch: pytest.MonkeyPatch) -> None:
    party = Path(fedwarden.__file__).parent / "party"
    used = {name for path in party.rglob("*.py") for name in re.findall(r'\.phase\("([^"]+)"', path.read_text("utf-8"))}
    assert len(used) > 8 and used == set(headings.PHASES)
    monkeypatch.setenv("FEDWARDEN_LANG", "zh")
    assert headings.phase("secure addition") == "安全加法" and headings.phase("HeteroLR_0") == "HeteroLR_0"
    monkeypatch.setenv("FEDWARDEN_LANG", "en")
    assert headings.phase("secure addition") == "secure addition"
    assert progress.phase is headings.phase


def test_the_short_view_of_a_job_says_each_thing_once(capsys: pytest.CaptureFixture[str]) -> None:
    note = {"code": "FW-NOTE-502", "params": {"attempt": 2}}
    role = {**RECORD["roles"][0], "notices": [note, note]}
    record = {**RECORD, "roles": [role, {**role, "role": "guest"}]}
    job_page.show(record)
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("began at the start") == 1 and "host1, guest:" in out
    assert "--all" in out and "alpha" not in out and "links" not in out.split()
    job_page.show(record, everything=True)
    out = capsys.readouterr().out
    assert "alpha" in out and "--all" not in out


def test_a_cause_in_the_log_is_a_sentence_with_its_code() -> None:
    line = {
        "event": "failed",
        "cause": {"code": "FW-LINK-001", "params": {"party": 2, "address": "a:1"}},
        "at": {"k": 1},
    }
    text = job_help.as_text(line)
    assert "[FW-LINK-001]" in text and "a:1" in text and "'params'" not in text and 'at={"k":1}' in text


def test_an_archive_is_not_written_into_a_folder_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job_help.following, "find_job", lambda desk, job: None)
    target = tmp_path / "missing" / "help.tar.gz"
    assert main.run(["support", "1", "--out", str(target), "--json"]) == 1
    assert json.loads(capfd.readouterr().out)["code"] == "FW-STATE-571"
    assert not target.parent.exists()


def test_destroy_where_nothing_is_deployed_is_done_already(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.run(["destroy", "--yes", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["deleted"] == ""


def test_what_predict_reads_is_gone_when_nothing_is_bound(tmp_path: Path) -> None:
    with open_desk(tmp_path / "home") as desk, desk.changing(create=True):
        desk.places.published.write_text("{}")
        publishing.write_published(desk)
        assert not desk.places.published.exists()
