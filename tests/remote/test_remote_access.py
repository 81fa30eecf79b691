"""What logs in where: the order of sources, and that a secret never shows."""

import io
import sys
from pathlib import Path

import pytest

from fedwarden.common.errors import RemoteError
from fedwarden.remote.access import Access

PLACE = "deploy@192.0.2.1:2222"


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch):
    for name in ("FEDWARDEN_SSH_KEY", "FEDWARDEN_SSH_PASSWORD_FROM", "SSH_AUTH_SOCK"):
        monkeypatch.delenv(name, raising=False)


def test_what_is_given_to_the_command_goes_before_the_file_and_the_file_before_the_environment(monkeypatch):
    monkeypatch.setenv("FEDWARDEN_SSH_KEY", "/outer")
    monkeypatch.setenv("PARTNER", "fr0mEnv")
    both = {"key": "/inner", "password_from": "env:PARTNER"}
    given = Access({"192.0.2.1": "g1ven"}).login(PLACE, both)
    assert (given.password, given.key_file, given.user, given.port) == ("g1ven", None, "deploy", 2222)
    key = Access().login(PLACE, both)
    assert (key.password, key.key_file) == (None, Path("/inner"))
    named = Access().login(PLACE, {"password_from": "env:PARTNER"})
    assert (named.password, named.key_file) == ("fr0mEnv", None)
    outer = Access().login(PLACE)
    assert (outer.password, outer.key_file) == (None, Path("/outer"))
    for login in (given, named):
        assert "g1ven" not in repr(login) + repr(Access({"192.0.2.1": "g1ven"}))
        assert "fr0mEnv" not in repr(login)


def test_the_environment_names_a_password_for_hosts_that_nothing_else_is_given_for(monkeypatch, tmp_path):
    file = tmp_path / "pw"
    file.write_text("fr0mFile\n")
    file.chmod(0o600)
    monkeypatch.setenv("PARTNER", "fr0mEnv")
    for source, found in ((f"file:{file}", "fr0mFile"), ("env:PARTNER", "fr0mEnv")):
        monkeypatch.setenv("FEDWARDEN_SSH_PASSWORD_FROM", source)
        assert Access().can("192.0.2.1") and Access().login(PLACE).password == found
    assert Access().login(PLACE, {"key": "/inner"}).password is None
    assert Access({"192.0.2.1": "g1ven"}).login(PLACE).password == "g1ven"
    monkeypatch.setenv("FEDWARDEN_SSH_KEY", "/outer")
    assert Access().login(PLACE).key_file == Path("/outer") and Access().login(PLACE).password is None


@pytest.mark.parametrize("source", ["s3cret", "env:", "file", "prompt:x"])
def test_what_names_no_source_is_refused_and_not_repeated(monkeypatch, source):
    monkeypatch.setenv("FEDWARDEN_SSH_PASSWORD_FROM", source)
    with pytest.raises(RemoteError) as caught:
        Access().login(PLACE)
    assert caught.value.code == "FW-SSH-800" and "s3cret" not in str(caught.value)


def test_a_password_file_has_to_be_private(tmp_path):
    file = tmp_path / "pw"
    file.write_text("fr0mFile\nmore\n")
    file.chmod(0o600)
    assert Access().login(PLACE, {"password_from": f"file:{file}"}).password == "fr0mFile"
    file.chmod(0o640)
    with pytest.raises(RemoteError) as caught:
        Access().login(PLACE, {"password_from": f"file:{file}"})
    assert caught.value.code == "FW-SSH-018"


@pytest.mark.parametrize(
    ("means", "code"),
    [
        ({}, "FW-SSH-014"),
        ({"password_from": "env:NOBODY_SETS_IT"}, "FW-SSH-440"),
        ({"password_from": "prompt"}, "FW-SSH-441"),
    ],
)
def test_a_source_that_gives_nothing_is_named_with_a_fix(means, code, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(RemoteError) as caught:
        Access().login(PLACE, means)
    assert caught.value.code == code
    assert "192.0.2.1" in caught.value.message("en")
    assert caught.value.fix("zh")


def test_nobody_is_asked_twice_for_one_host(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked = []
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "typed")
    access = Access()
    assert [access.login(PLACE, {"password_from": "prompt"}).password for _ in range(2)] == ["typed", "typed"]
    assert len(asked) == 1
