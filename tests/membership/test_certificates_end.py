"""The end of a certificate is announced thirty days ahead, by whatever changes something."""

import json

import pytest
from typer.testing import CliRunner

from fedwarden.cli import main
from fedwarden.regulator import certificates
from fedwarden.regulator.opening import open_desk


@pytest.mark.parametrize(("days", "told"), [(400, []), (29, ["fedwarden:regulator"]), (-1, ["fedwarden:regulator"])])
def test_an_end_within_thirty_days_is_a_note_of_every_change(tmp_path, days, told):
    with open_desk(tmp_path) as desk, desk.changing(create=True):
        desk.authority().issue_regulator(days)
        assert desk.notices == []
    with open_desk(tmp_path) as desk:
        with desk.changing():
            pass
        assert [(note.code, note.params["who"]) for note in desk.notices] == [("FW-NOTE-520", who) for who in told]
        states = [one["state"] for one in certificates.every(desk)]
        assert states == ["replaced", "expired" if days < 0 else "current"]


def test_doctor_announces_it_to_people_and_programs(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDWARDEN_HOME", str(tmp_path))
    with open_desk(tmp_path) as desk, desk.changing(create=True):
        desk.authority().issue_regulator(29)
    file = tmp_path / "fedwarden.yaml"
    file.write_text("parties: [{id: 1, host: 127.0.0.1}]")
    done = CliRunner().invoke(main.app, ["doctor", "-f", str(file), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["findings"], [note["code"] for note in report["notices"]]) == ([], ["FW-NOTE-520"])
    assert report["notices"][0]["message"] in CliRunner().invoke(main.app, ["doctor", "-f", str(file)]).output


def test_a_key_that_is_revoked_stays_so_in_the_list_and_numbers_only_grow(tmp_path):
    with open_desk(tmp_path) as desk, desk.changing(create=True):
        authority = desk.authority()
        authority.issue_regulator()
        first = authority.revoke({"ab" * 32: "fedwarden:party:1"})
        second = authority.revoke({"cd" * 32: "fedwarden:party:2"})
    assert '"number":1' in first.text and '"number":2' in second.text
    assert "ab" * 32 in second.text and "cd" * 32 in second.text
