"""Online predictions from other hosts: closed unless the operator opens it, HTTPS, a named certificate or a token."""

import contextlib
import http.client
import json
import signal
import socket
import ssl
import time

import pytest
from agent_lab import Lab, listens
from test_agent_predictions import VERSION, ask, expected, publish

from fedwarden.common.errors import FedwardenError
from fedwarden.identity.contexts import client_context
from fedwarden.identity.keys import make_csr, make_key, write_key
from fedwarden.party.serving.tokens import TokenBook


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Guest 1 whose door is open for party 2's certificate and tokens; hosts 2 and 3."""
    made = Lab(tmp_path_factory.mktemp("door"))
    made.door = free_port()
    for party in (1, 2, 3):
        made.enrol(party)
    (made.home(1) / "policy.yaml").write_text(
        f'serving: {{listen: "127.0.0.1:{made.door}", client_certificates: [2]}}\n'
    )
    try:
        made.start(1, 2, 3)
        made.introduce()
        publish(made)
        yield made
    finally:
        made.close()


def anonymous(shop) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(shop.regulator.ca)
    return context


def call(shop, context, token="", call="inference", body=None):
    connection = http.client.HTTPSConnection("127.0.0.1", shop.door, timeout=20, context=context)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request("POST", f"/federation/v1/{call}", json.dumps(body or ask({"x0": 1, "x1": 2})), headers)
    with contextlib.closing(connection), connection.getresponse() as answer:
        return answer.status, json.loads(answer.read())


def token(shop, services=("toy",), seconds=3600):
    return TokenBook(shop.home(1) / "tokens.json").create(list(services), seconds)


def test_a_named_certificate_or_a_token_is_answered_as_on_the_serving_port(shop):
    _, text = token(shop)
    for context, shown in ((client_context(*shop.as_party(2)), ""), (anonymous(shop), text)):
        status, answer = call(shop, context, shown)
        assert (status, answer["retcode"]) == (200, 0)
        assert answer["data"]["score"] == pytest.approx(expected((1, 2)))
        assert answer["data"]["modelVersion"] == VERSION
        rows = [{"index": 0, "featureData": {"x0": 1, "x1": 2}}, {"index": 1, "featureData": {"x0": 1}}]
        body = {"head": {"serviceId": "toy"}, "body": {"batchDataList": rows}}
        assert [row["retcode"] for row in call(shop, context, shown, "batchInference", body)[1]["batchDataList"]] == [
            0,
            100,
        ]


def test_nobody_else_is_answered(shop):
    made, text = token(shop, seconds=1)
    _, other = token(shop, services=("another",))
    book = TokenBook(shop.home(1) / "tokens.json")
    revoked, taken = token(shop)
    book.revoke(revoked.id)
    assert made.id in {one.id for one in book.all()}
    time.sleep(1.1)
    for context, shown, status in (
        (anonymous(shop), "", 401),
        (anonymous(shop), "fwt_" + "x" * 43, 401),
        (anonymous(shop), text, 401),  # its time is over
        (anonymous(shop), taken, 401),
        (client_context(*shop.as_party(3)), "", 401),  # of the federation, but not in the list
        (client_context(*shop.regulator), "", 401),
        (anonymous(shop), other, 200),  # refused in the answer: its token is for another service
    ):
        found, answer = call(shop, context, shown)
        assert found == status and answer["retcode"] not in (0,), (shown[:8], answer)
        assert "data" in answer and "score" not in answer["data"]


def test_a_certificate_of_a_named_party_counts_only_with_the_key_that_is_pinned(shop, tmp_path):
    """The key of before a change, or one that somebody else had signed for that party."""
    key = make_key()
    write_key(tmp_path / "key.pem", key)
    (tmp_path / "cert.pem").write_bytes(shop.ca.sign_party(make_csr(key, 2), 2))
    other = client_context(tmp_path / "cert.pem", tmp_path / "key.pem", shop.home(1) / "ca.pem")
    assert call(shop, other)[0] == 401
    assert call(shop, client_context(*shop.as_party(2)))[0] == 200


def test_plain_http_and_tls_of_before_1_3_are_not_answered(shop):
    with socket.create_connection(("127.0.0.1", shop.door), 5) as sock:
        sock.settimeout(5)
        sock.sendall(b"POST /federation/v1/inference HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP" not in sock.recv(1000)
    old = anonymous(shop)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        call(shop, old)


def test_the_name_of_a_revoked_token_is_never_given_to_another_one(tmp_path):
    book = TokenBook(tmp_path / "tokens.json")
    first, text = book.create(["toy"], 60)
    book.revoke(first.id)
    second, _ = book.create(["toy"], 60)
    book.revoke(second.id)
    third, _ = TokenBook(tmp_path / "tokens.json").create(["toy"], 60)
    assert [first.id, second.id, third.id] == ["t1", "t2", "t3"]
    assert [one.id for one in book.all()] == ["t3"]
    kept = (tmp_path / "tokens.json").read_text()
    assert first.hash not in kept and second.hash not in kept, "of a revoked token only the name stays"
    for wrong in (lambda: book.find(text), lambda: book.find(""), lambda: book.revoke("t1")):
        with pytest.raises(FedwardenError):
            wrong()


def test_tokens_are_kept_as_hashes_alone(shop):
    _, text = token(shop)
    call(shop, anonymous(shop), text)
    for path in shop.home(1).rglob("*"):
        if path.is_file():
            assert text.encode() not in path.read_bytes(), path


def test_every_asker_has_limits_of_its_own_which_the_policy_sets(shop):
    policy = shop.home(1) / "policy.yaml"
    before = policy.read_text()
    _, first = token(shop)
    _, second = token(shop)
    policy.write_text(before + "predictions: {per_second: 0.001, burst: 1}\n")
    try:
        assert [call(shop, anonymous(shop), first)[1]["retcode"] for _ in range(2)] == [0, 124]
        assert call(shop, anonymous(shop), second)[1]["retcode"] == 0
        policy.write_text("serving: {}\n")  # closed at once, though the port is there until the next start
        assert call(shop, anonymous(shop), second)[0] == 401
    finally:
        policy.write_text(before)


def test_a_revoked_certificate_is_turned_away_and_the_door_is_closed_by_default(shop):
    statement = shop.ca.revoke({shop.infos[2].fingerprint: "fedwarden:party:2"})
    shop.client(1).call("PUT", "/v1/revocations", statement)
    assert call(shop, client_context(*shop.as_party(2)))[0] == 401
    assert listens(shop.door)
    (shop.home(1) / "policy.yaml").unlink()
    shop.kill(1, signal.SIGTERM)
    shop.processes[1] = shop.launch(1)
    shop.infos[1] = shop.wait_for(1)
    assert not listens(shop.door)
