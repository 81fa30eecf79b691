"""``fedwarden doctor``, ``bundle``, ``hosts``: words, exit codes, strict JSON."""

import io
import json
import sys
from types import SimpleNamespace

import pytest

from fedwarden.cli import hosts, main
from fedwarden.common.errors import UsageError


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("FEDWARDEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FEDWARDEN_LANG", "en")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)

    def inner(*words: str, stdin: str = ""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main.run(list(words))
        told = capfd.readouterr()
        return SimpleNamespace(exit_code=code, stdout=told.out, output=told.out + told.err)

    return inner


def test_places_are_read_strictly():
    assert hosts.place_of("10.0.0.1") == "root@10.0.0.1:22"
    assert hosts.place_of("me@10.0.0.1:2222") == "me@10.0.0.1:2222"
    for wrong in ("host", "10.0.0.1:0", "10.0.0.1:x", "me@", "300.1.1.1"):
        with pytest.raises(UsageError):
            hosts.place_of(wrong)


def test_doctor_of_two_hosts_then_their_keys_and_forgetting_one(rig, call):
    one, two = rig.hosts[:2]
    stdin = f"{one.passwords['root']}\n{two.passwords['deploy']}\n"
    done = call("doctor", one.ip, f"deploy@{two.ip}", "--password", "-", "--json", stdin=stdin)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert {row["how"] for row in report["reach"]} == {"ok"}
    assert len(report["reach"]) == 4
    assert stdin.split(maxsplit=1)[0] not in done.output
    known = json.loads(call("hosts", "--json").stdout)["hosts"]
    assert sorted(known) == sorted([f"{one.ip}:22", f"{two.ip}:22"])
    assert call("hosts", "--forget", one.ip).exit_code == 0
    assert list(json.loads(call("hosts", "--json").stdout)["hosts"]) == [f"{two.ip}:22"]
    assert call("hosts", "--forget", one.ip).exit_code == 1


def test_doctor_of_a_file_finds_everything_at_once_and_shows_who_reaches_whom(rig, call, tmp_path):
    one, two = rig.hosts[:2]
    entries = [
        {"id": 1, "host": one.ip, "user": "deploy", "key": str(one.key)},
        {"id": 2, "host": two.ip, "user": "deploy", "key": str(two.key)},
        {"id": 3, "host": "192.0.2.1", "password_from": "env:NOT_SET_ANYWHERE"},
    ]
    file = tmp_path / "fedwarden.yaml"
    file.write_text(json.dumps({"parties": entries}))  # JSON is YAML
    done = call("doctor", "-f", str(file), "--json")
    assert done.exit_code == 1, done.output
    report = json.loads(done.stdout)
    wrong = [(it["host"], it["code"]) for it in report["findings"] if it["severity"] == "error"]
    assert wrong == [("root@192.0.2.1:22", "FW-SSH-440")]
    rows = {(it["source"], it["target"], it["how"]) for it in report["reach"]}
    places = {one.ip: f"deploy@{one.ip}:22", two.ip: f"deploy@{two.ip}:22"}
    ways = [(places[one.ip], two.ip), (places[two.ip], one.ip), ("regulator", one.ip), ("regulator", two.ip)]
    assert rows == {(source, f"{target}:{port}", "ok") for source, target in ways for port in (9470, 9480)}
    file.write_text(json.dumps({"parties": entries[:2]}))
    assert call("doctor", "-f", str(file)).exit_code == 0
    assert call("doctor").exit_code == 1


def test_doctor_without_anything_to_log_in_with_says_how(call):
    done = call("doctor", "192.0.2.1")
    assert done.exit_code == 1
    assert "FEDWARDEN_SSH_KEY" in done.output


def test_too_few_passwords_are_counted_and_never_repeated(call):
    done = call("doctor", "192.0.2.1", "192.0.2.2", "--password", "-", stdin="geheim\n")
    assert done.exit_code == 1
    assert "found 1" in done.output
    assert "geheim" not in done.output


def test_bundle_refuses_other_machines(call):
    for words in (("--python", "3.9"), ("--arch", "sparc")):
        done = call("bundle", *words)
        assert done.exit_code == 1
        assert words[1] in done.output


def test_refusals_are_json_too_and_end_in_a_sentence_that_helps(call, monkeypatch):
    for words, code in (
        (("doctor",), "FW-USE-446"),
        (("doctor", "-f", "/nowhere/fedwarden.yaml"), "FW-USE-440"),
        (("bundle", "--arch", "sparc"), "FW-USE-026"),
        (("hosts", "--forget", "192.0.2.1"), "FW-USE-026"),
    ):
        answer = json.loads(call(*words, "--json").stdout)
        assert (answer["retcode"], answer["code"]) == (1, code)
        assert answer["fix"]
    assert "a file (-f). For example: fedwarden doctor" in call("doctor").output
    monkeypatch.setenv("FEDWARDEN_LANG", "zh")
    assert call("doctor").output.startswith("错误：")


def test_doctor_of_this_machine_says_what_good_means_and_what_comes_next_in_both_languages(call, monkeypatch, tmp_path):
    file = tmp_path / "fedwarden.yaml"
    assert call("init", "-f", str(file)).exit_code == 0
    english = call("doctor", "-f", str(file)).stdout
    assert f"Next: fedwarden deploy -f {file} --plan" in english
    assert "good: nothing stands in the way" in english
    monkeypatch.setenv("FEDWARDEN_LANG", "zh")
    chinese = call("doctor", "-f", str(file)).stdout
    assert "良好" in chinese
    assert "note:" not in chinese


def test_an_empty_list_says_so(call):
    assert "there are none" in call("hosts").output
    answer = json.loads(call("hosts", "--json").stdout)
    assert (answer["retcode"], answer["message"], answer["hosts"]) == (0, "hosts success.", {})
    for words in (("invitations",), ("certs", "list")):
        told = call(*words).output
        assert "there are none" in told
        assert "approve" not in told
        assert "rotate" not in told


def test_exactly_one_of_two_is_asked_for_by_the_right_help(call):
    for words in (("certs", "rotate"), ("certs", "rotate", "--party", "1", "--regulator")):
        told = call(*words)
        assert told.exit_code == 1
        assert "fedwarden certs rotate --help" in told.output
        assert "script.py" not in told.output
