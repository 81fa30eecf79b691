"""Who may ask what of an agent: every route, every kind of caller, over real mutual TLS."""

import contextlib
import json
import socket
import ssl

import pytest
from agent_lab import Lab, mode

from fedwarden.common.errors import FedwardenError, IdentityError
from fedwarden.identity.contexts import client_context
from fedwarden.party.agent import Agent
from fedwarden.party.control.audit_routes import audit_routes
from fedwarden.party.control.model_routes import model_routes
from fedwarden.party.control.routes import core_routes, with_openapi

FOR_PARTIES = {("GET", "/v1/health"), ("GET", "/v1/openapi.json"), ("POST", "/v1/partial")}
NOT_FOR_REGULATOR = {("POST", "/v1/partial")}


def table(lab):
    """The agent's own route table, made from the home of party 1 without starting anything."""
    agent = Agent(lab.home(1))
    routes = core_routes(agent.info, agent.peers, agent.datasets, agent.jobs, agent.shut_down)
    agent.published.close()
    routes += [*model_routes(agent.published), *agent.membership(), *audit_routes(agent.audit, agent.home.agent_log)]
    return [(route.method, route.path) for route in with_openapi(routes)]


def filled(path):
    return path.replace("{job_id}", "1").replace("{dataset_id}", "ds-1").replace("{name}", "m")


def code_of(lab, method, path, credentials):
    """The error's code, or None when the call was served."""
    try:
        lab.client(1, credentials).fetch(method, filled(path), {} if method in ("POST", "PUT") else None)
    except FedwardenError as error:
        return error.code
    return None


def test_the_table_is_the_one_that_is_promised(lab):
    assert set(table(lab)) == {
        ("GET", "/v1/health"),
        ("GET", "/v1/peers"),
        ("PUT", "/v1/peers"),
        ("DELETE", "/v1/peers/{party}"),
        ("POST", "/v1/datasets"),
        ("GET", "/v1/datasets"),
        ("GET", "/v1/datasets/{dataset_id}"),
        ("DELETE", "/v1/datasets/{dataset_id}"),
        ("GET", "/v1/audit"),
        ("GET", "/v1/log"),
        ("POST", "/v1/audit/heads"),
        ("POST", "/v1/jobs"),
        ("GET", "/v1/jobs"),
        ("GET", "/v1/jobs/{job_id}"),
        ("POST", "/v1/jobs/{job_id}/stop"),
        ("POST", "/v1/jobs/{job_id}/resume"),
        ("GET", "/v1/jobs/{job_id}/logs"),
        ("GET", "/v1/models"),
        ("GET", "/v1/bindings"),
        ("POST", "/v1/bindings"),
        ("DELETE", "/v1/bindings/{name}"),
        ("POST", "/v1/predict"),
        ("POST", "/v1/partial"),
        ("POST", "/v1/shutdown"),
        ("PUT", "/v1/revocations"),
        ("POST", "/v1/identity/key"),
        ("PUT", "/v1/identity/certificate"),
        ("POST", "/v1/peers/key"),
        ("GET", "/v1/openapi.json"),
    }


def test_the_regulator_may_ask_everything_but_shares_of_scores(lab):
    for method, path in table(lab):
        if path == "/v1/shutdown":
            continue  # it would be obeyed
        refused = code_of(lab, method, path, lab.regulator) == "FW-ID-060"
        assert refused == ((method, path) in NOT_FOR_REGULATOR), (method, path)


@pytest.mark.parametrize("party", [1, 2])
def test_a_party_itself_or_another_may_ask_only_what_is_for_parties(lab, party):
    for method, path in table(lab):
        refused = code_of(lab, method, path, lab.as_party(party)) == "FW-ID-060"
        assert refused == ((method, path) not in FOR_PARTIES), (method, path)
    assert lab.client(1).call("GET", "/v1/health")["party"] == 1  # nobody shut it down


def test_another_regulators_certificates_reach_no_route(lab, tmp_path):
    foreign = Lab(tmp_path)
    foreign.enrol(1)
    for credentials in (foreign.regulator, foreign.as_party(1)):
        mixed = credentials[0], credentials[1], lab.regulator.ca  # it even believes in our CA
        for method, path in table(lab):
            with pytest.raises(IdentityError) as caught:
                lab.client(1, mixed).fetch(method, filled(path))
            assert caught.value.code == "FW-ID-013", "the caller is told why, not only cut off"


def test_without_a_certificate_no_route_is_reached(lab):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(lab.regulator.ca)
    for method, path in table(lab):
        answer = b""
        with (
            contextlib.suppress(ssl.SSLError, ConnectionError),
            socket.create_connection(("127.0.0.1", lab.infos[1].control_port), 5) as raw,
            context.wrap_socket(raw) as sock,
        ):
            sock.sendall(f"{method} {filled(path)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = sock.recv(100)
        assert answer == b"", (method, path)


def test_plain_http_is_not_answered_on_the_control_port(lab):
    with socket.create_connection(("127.0.0.1", lab.infos[1].control_port), 5) as sock:
        sock.settimeout(5)
        sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            answer = sock.recv(1000)
        except ConnectionResetError:
            answer = b""
    assert b"HTTP" not in answer


def test_unknown_routes_and_methods_answer_codes(lab):
    for method, path, code in (
        ("GET", "/v1/nothing", "FW-USE-060"),
        ("GET", "/", "FW-USE-060"),
        ("GET", "/v1/health/", "FW-USE-060"),
        ("DELETE", "/v1/health", "FW-USE-061"),
        ("HEAD", "/v1/jobs", None),
    ):
        if method == "HEAD":
            with pytest.raises(FedwardenError):
                lab.client(1).fetch(method, path)
            continue
        assert code_of(lab, method, path, lab.regulator) == code


@pytest.mark.parametrize("body", [{}, {"party": "one"}, [{"party": 5}], "text", 5, None])
def test_bodies_are_decoded_strictly(lab, body):
    with pytest.raises(FedwardenError) as caught:
        lab.client(1).call("PUT", "/v1/peers", body)
    assert caught.value.code == "FW-USE-063"


def raw_request(lab, text: bytes, more: bytes = b"") -> bytes:
    with (
        socket.create_connection(("127.0.0.1", lab.infos[1].control_port), 10) as sock,
        client_context(*lab.regulator).wrap_socket(sock) as tls,
    ):
        tls.sendall(text + more)
        answer = b""
        while chunk := tls.recv(65536):
            answer += chunk
    return answer


def test_a_body_over_one_mebibyte_is_refused_before_it_is_read(lab):
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1048577\r\n\r\n"
    assert b"FW-USE-064" in raw_request(lab, head)


def test_a_chunked_body_over_one_mebibyte_is_refused(lab):
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"%x\r\n%s\r\n" % (1 << 16, b" " * (1 << 16))
    assert b"FW-USE-064" in raw_request(lab, head, piece * 17)


def test_a_pinned_key_is_never_replaced(lab):
    other = lab.peer(2)
    changed = {**{name: getattr(other, name) for name in other.__struct_fields__}, "fingerprint": "ab" * 32}
    before = lab.client(1).call("GET", "/v1/peers")
    with pytest.raises(IdentityError) as caught:
        lab.client(1).call("PUT", "/v1/peers", [{**changed, "party": 99}, changed])
    assert caught.value.code == "FW-ID-061" and caught.value.params["party"] == 2
    assert lab.client(1).call("GET", "/v1/peers") == before  # all of them or none: 99 is not there either
    moved = {**changed, "fingerprint": other.fingerprint, "host": "127.0.0.2"}
    lab.client(1).call("PUT", "/v1/peers", [moved])
    assert {peer["host"] for peer in lab.client(1).call("GET", "/v1/peers") if peer["party"] == 2} == {"127.0.0.2"}
    lab.client(1).call("PUT", "/v1/peers", [other])


def test_the_openapi_document_describes_every_route(lab):
    document = lab.client(2, lab.as_party(1)).call("GET", "/v1/openapi.json")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == set(table(lab))
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text
    assert document["paths"]["/v1/jobs"]["post"]["requestBody"]["required"] is True
    assert document["paths"]["/v1/partial"]["post"]["x-who"] == ["party"]


def test_everything_in_the_home_is_private(lab):
    home = lab.home(1)
    assert mode(home) == 0o700
    for path in home.rglob("*"):
        if path.name not in ("cert.pem", "ca.pem"):  # written by this test's own hand
            assert mode(path) in ((0o700,) if path.is_dir() else (0o600,)), path


def test_the_log_is_json_lines_that_name_the_caller_and_the_route(lab):
    lab.client(1).call("GET", "/v1/jobs")
    lines = [json.loads(line) for line in (lab.home(1) / "agent.log").read_text().splitlines()]
    asked = [line for line in lines if line["event"] == "request" and line["route"] == "/v1/jobs"]
    assert {"regulator"} <= {line["caller"] for line in asked}
    assert all(line["timestamp"] and line["status"] for line in asked)
