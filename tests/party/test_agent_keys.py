"""Revoked keys get nothing from a running agent; a new key is made at the party and vouched for by the old one."""

import json
import socket

import msgspec
import pytest
from agent_lab import Lab, mode

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import FedwardenError, StateError
from fedwarden.common.files import write_struct
from fedwarden.common.membership import KeyChange, NewKey, Revocations
from fedwarden.identity.contexts import client_context
from fedwarden.identity.keys import fingerprint, make_csr, make_key, read_key
from fedwarden.identity.revocation import KIND, read_book
from fedwarden.identity.statements import sign
from fedwarden.party.home import Home
from fedwarden.party.membership import renewal


def refused(call) -> str:
    with pytest.raises(FedwardenError) as caught:
        call()
    assert "{" not in caught.value.message("en") + caught.value.message("zh")
    return caught.value.code


def revoke(lab, *parties):
    statement = lab.ca.revoke({lab.infos[party].fingerprint: f"fedwarden:party:{party}" for party in parties})
    return statement, [lab.client(party).call("PUT", "/v1/revocations", statement) for party in lab.infos]


def whole(sock) -> bytes:
    """One answer with its body, which ends with a brace."""
    answer = b""
    while not answer.endswith(b"}"):
        answer += sock.recv(65536)
    return answer


@pytest.fixture
def pair(lone):
    lone.start(1, 2)
    lone.introduce()
    return lone


def test_a_revoked_party_is_refused_at_once_also_on_an_open_connection_and_after_a_restart(pair):
    asked = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", pair.infos[1].control_port), 10) as raw,
        client_context(*pair.as_party(2)).wrap_socket(raw) as open_before,
    ):
        open_before.sendall(asked)
        assert b"200 OK" in whole(open_before)
        assert [held["number"] for held in revoke(pair, 2)[1]] == [1, 1]
        open_before.sendall(asked)
        answer = whole(open_before)
        assert b"403" in answer and b"FW-ID-522" in answer
    ask = lambda: pair.client(1, pair.as_party(2)).call("GET", "/v1/health")  # noqa: E731
    assert refused(ask) == "FW-ID-522"
    assert pair.client(1).call("GET", "/v1/health")["revocations"] == 1
    pair.kill(1)
    pair.processes[1] = pair.launch(1)
    pair.infos[1] = pair.wait_for(1)
    assert refused(ask) == "FW-ID-522"


def test_no_job_with_a_revoked_key_begins_and_a_running_one_ends(pair):
    roles = {"guest": 1, "host1": 2, "arbiter": 2}
    waiting = pair.spec("20260101000000000001", roles)
    pair.client(1).call("POST", "/v1/jobs", waiting)  # the other party never hears of it: it waits for its peers
    _, (held, _) = revoke(pair, 2)
    assert held["ended"] == ["20260101000000000001"]
    (status,) = pair.client(1).call("GET", "/v1/jobs/20260101000000000001")
    assert (status["state"], status["cause"]["code"]) == ("failed", "FW-ID-522")
    assert refused(lambda: pair.client(1).call("POST", "/v1/jobs", pair.spec("2", roles))) == "FW-ID-522"
    assert refused(lambda: pair.client(2).call("POST", "/v1/jobs", pair.spec("2", roles))) == "FW-ID-522"


def test_only_the_authoritys_newer_lists_are_taken(pair):
    first, _ = revoke(pair, 2)
    second = pair.ca.revoke({"ab" * 32: "fedwarden:party:9"})
    put = lambda body: lambda: pair.client(1).call("PUT", "/v1/revocations", body)  # noqa: E731
    assert put(second)()["keys"] == 2
    assert put(second)()["number"] == 2  # the same again
    assert refused(put(first)) == "FW-ID-523"
    empty = Revocations(number=9, made="", keys={})
    assert refused(put(sign(make_key(), KIND, empty))) == "FW-ID-521"
    own = read_key(pair.home(1) / "key.pem")  # a party's key is no authority's
    assert refused(put(sign(own, KIND, empty))) == "FW-ID-521"
    ca = read_key(pair.folder / "pki/ca.key")
    assert refused(put(sign(ca, "another kind", empty))) == "FW-ID-521"
    good = sign(ca, KIND, empty)
    changed = {"kind": KIND, "text": good.text.replace("9", "99"), "key": good.key, "signature": good.signature}
    assert refused(put(changed)) == "FW-ID-521"
    assert pair.client(1).call("GET", "/v1/health")["revocations"] == 2
    assert mode(pair.home(1) / "revoked.json") == 0o600


def test_a_damaged_list_of_revoked_keys_is_believed_by_nobody(lone):
    home = lone.enrol(1)
    write_struct(home / "revoked.json", {"kind": "x"})
    with pytest.raises(StateError) as caught:
        read_book(home)
    assert caught.value.code == "FW-STATE-521"
    process = lone.launch(1)
    assert process.wait(20) == 1
    assert b"revoked.json" in process.stderr.read()
    process.stderr.close()


def renew(lab, party) -> NewKey:
    asked = lab.client(party).call("POST", "/v1/identity/key")
    certificate = lab.ca.sign_party(asked["request"].encode(), party).decode()
    lab.infos[party] = _info(lab.client(party).call("PUT", "/v1/identity/certificate", {"certificate": certificate}))
    return asked


def _info(answer) -> AgentInfo:
    return msgspec.convert(answer, AgentInfo)


def test_a_new_key_is_used_at_once_and_peers_pin_it_on_the_old_keys_word(pair):
    before = pair.infos[2].fingerprint
    (pair.home(1) / "pins.json").write_text(json.dumps({"2": before}))
    asked = renew(pair, 2)
    after = pair.infos[2].fingerprint
    assert after != before
    assert fingerprint(read_key(pair.home(2) / "key.pem")) == after
    assert not (pair.home(2) / "key.next.pem").exists() and mode(pair.home(2) / "key.pem") == 0o600
    assert pair.client(2).call("GET", "/v1/health")["fingerprint"] == after
    roles = {"guest": 1, "host1": 2, "arbiter": 2}
    assert refused(lambda: pair.client(1).call("POST", "/v1/jobs", pair.spec("1", roles))) == "FW-ID-063"
    for _ in range(2):
        peers = pair.client(1).call("POST", "/v1/peers/key", asked["statement"])
        assert [peer["fingerprint"] for peer in peers] == [after]
    assert json.loads((pair.home(1) / "pins.json").read_text()) == {"2": after}
    for party in (1, 2):
        pair.client(party).call("POST", "/v1/jobs", pair.spec("202601010000000000017", roles))
    for party in (1, 2):
        assert {one["state"] for one in pair.until(party, "202601010000000000017", "success").values()} == {"success"}


def test_a_change_that_the_pinned_key_has_not_signed_is_refused(pair):
    change = KeyChange(party=2, old=pair.infos[2].fingerprint, new="cd" * 32, made="")
    post = lambda body: lambda: pair.client(1).call("POST", "/v1/peers/key", body)  # noqa: E731
    assert refused(post(sign(make_key(), renewal.KIND, change))) == "FW-ID-521"
    assert refused(post(sign(read_key(pair.folder / "pki/ca.key"), renewal.KIND, change))) == "FW-ID-521"
    unknown = KeyChange(party=7, old="", new="cd" * 32, made="")
    assert refused(post(sign(make_key(), renewal.KIND, unknown))) == "FW-ID-062"
    assert pair.client(1).call("GET", "/v1/peers")[0]["fingerprint"] == pair.infos[2].fingerprint


def test_a_certificate_for_another_key_or_party_or_of_another_authority_is_refused(pair, tmp_path):
    asked = pair.client(2).call("POST", "/v1/identity/key")
    put = lambda pem: lambda: pair.client(2).call("PUT", "/v1/identity/certificate", {"certificate": pem})  # noqa: E731
    for pem in (
        pair.ca.sign_party(make_csr(make_key(), 2), 2).decode(),
        pair.ca.sign_party(make_csr(read_key(pair.home(2) / "key.next.pem"), 3), 3).decode(),
        Lab(tmp_path / "other").ca.sign_party(asked["request"].encode(), 2).decode(),
        "no certificate",
    ):
        assert refused(put(pem)) == "FW-ID-524"
    assert pair.client(2).call("GET", "/v1/health")["fingerprint"] == pair.infos[2].fingerprint


def test_a_key_is_not_changed_under_a_job(pair):
    pair.client(1).call("POST", "/v1/jobs", pair.spec("1", {"guest": 1, "host1": 2, "arbiter": 2}))
    assert refused(lambda: renew(pair, 1)) == "FW-JOB-523"
    pair.client(1).call("POST", "/v1/jobs/1/stop", {})
    renew(pair, 1)


@pytest.mark.parametrize("killed_after", ["certificate", "key"])
def test_a_change_of_key_that_was_decided_is_completed_by_the_next_start(lone, killed_after):
    home = Home(lone.enrol(1))
    asked = renewal.begin(home, 1)
    assert renewal.begin(home, 1).request != "" and fingerprint(read_key(home.next_key))
    home.next_cert.write_bytes(lone.ca.sign_party(asked.request.encode(), 1))
    new = fingerprint(read_key(home.next_key))
    if killed_after == "key":
        home.next_key.replace(home.key)
    lone.start(1)
    assert lone.infos[1].fingerprint == new
    assert not home.next_cert.exists() and not home.next_key.exists()
