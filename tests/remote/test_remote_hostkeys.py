"""A host's key is recorded once and never replaced silently."""

import stat

import pytest

from fedwarden.common.errors import RemoteError, StateError
from fedwarden.remote.hostkeys import HostKeys


def test_first_contact_is_recorded_then_known(tmp_path):
    keys = HostKeys(tmp_path)
    assert keys.check("h:22", "ssh-ed25519 AAAA", "SHA256:one") is True
    assert keys.check("h:22", "ssh-ed25519 AAAA", "SHA256:one") is False
    assert HostKeys(tmp_path).known("h:22").fingerprint == "SHA256:one"
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.path.parent.stat().st_mode) == 0o700


def test_another_key_is_refused_naming_both_and_the_record_stays(tmp_path):
    keys = HostKeys(tmp_path)
    keys.check("h:22", "ssh-ed25519 AAAA", "SHA256:one")
    with pytest.raises(RemoteError) as caught:
        keys.check("h:22", "ssh-ed25519 BBBB", "SHA256:two")
    assert caught.value.code == "FW-SSH-002"
    assert "SHA256:one" in caught.value.message("zh")
    assert "SHA256:two" in caught.value.message("en")
    assert keys.known("h:22").key == "ssh-ed25519 AAAA"


def test_an_expected_fingerprint_decides_the_first_contact(tmp_path):
    keys = HostKeys(tmp_path)
    with pytest.raises(RemoteError) as caught:
        keys.check("h:22", "k A", "SHA256:one", expected="SHA256:other")
    assert caught.value.code == "FW-SSH-003"
    assert keys.all() == {}
    assert keys.check("h:22", "k A", "SHA256:one", expected="one") is True


def test_forgetting_makes_the_next_contact_the_first(tmp_path):
    keys = HostKeys(tmp_path)
    assert keys.forget("h:22") is False
    keys.check("h:22", "k A", "SHA256:one")
    assert keys.forget("h:22") is True
    assert keys.check("h:22", "k B", "SHA256:two") is True


def test_a_broken_record_stops_everything_instead_of_trusting_anew(tmp_path):
    keys = HostKeys(tmp_path)
    keys.check("h:22", "k A", "SHA256:one")
    keys.path.write_text("{")
    with pytest.raises(StateError):
        keys.check("h:22", "k B", "SHA256:two")
