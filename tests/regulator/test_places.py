"""The regulator's folder: made private, but never at the cost of a folder that others use."""

import errno
import stat
from pathlib import Path

import pytest

from fedwarden.cli import main, script
from fedwarden.common import disk
from fedwarden.common.errors import DeployError
from fedwarden.regulator.places import Places


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("words", [["deploy", "--party", "1=127.0.0.1"], ["bundle"]])
def test_a_folder_for_everybody_is_refused_and_stays_open(tmp_path, monkeypatch, capfd, words):
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "of somebody else").touch()
    shared.chmod(0o1777)
    monkeypatch.setenv("FEDWARDEN_HOME", str(shared))
    monkeypatch.setenv("FEDWARDEN_LANG", "en")
    assert main.run(words) == 1
    assert f"{shared}/fedwarden" in capfd.readouterr().err
    assert mode(shared) == 0o1777
    assert [path.name for path in shared.iterdir()] == ["of somebody else"]


def test_a_whole_home_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".profile").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(DeployError, match="FW-DEP-710"):
        Places(tmp_path).make()
    assert mode(tmp_path) == 0o755


def test_a_folder_of_its_own_becomes_private(tmp_path):
    for name, held in (("new", None), ("empty", ""), ("with a file", "fedwarden.yaml"), ("ours", "regulator.db")):
        home = tmp_path / name
        if held is not None:
            home.mkdir(mode=0o755)
            (home / held).touch() if held else None
        Places(home).make()
        assert mode(home) == 0o700


def test_what_a_disk_refuses_is_told_with_its_place(monkeypatch, capfd):
    monkeypatch.setenv("FEDWARDEN_LANG", "en")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "/srv/data/file")

    monkeypatch.setattr(script, "_run", full)
    assert script.main(["-f", "deploy", "-id", "1", "-ip", "127.0.0.1"]) == 1
    told = capfd.readouterr()
    assert told.out == "deploy failure.\n"
    assert "(/srv/data/file): No space left on device. Make room" in told.err
    assert "unexpected" not in told.err


def test_other_faults_are_no_disk_s():
    assert disk.refusal(ValueError("x")) is None
    assert disk.refusal(OSError(errno.ECONNREFUSED, "refused")) is None
    assert disk.refusal(OSError("no number")) is None
