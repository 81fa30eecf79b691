"""TLS contexts and the control client against a real server: who is refused, by whom, and in which words."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pki
import pytest

from fedwarden.common.errors import DataError, FedwardenError, IdentityError, LinkError
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import Credentials, client_context, handshake_error, peer_of, server_context
from fedwarden.identity.https import ControlClient


class Place:
    def __init__(self, folder: Path) -> None:
        self.ca = CertificateAuthority.create(folder / "pki")
        self.regulator = self.ca.issue_regulator()
        self.party = pki.party_home(self.ca, folder / "p1", 1)
        self.other = pki.party_home(self.ca, folder / "p2", 2)
        self.old = pki.party_home(self.ca, folder / "old", 1, days=-1)
        foreign = CertificateAuthority.create(folder / "foreign")
        self.foreign = pki.party_home(foreign, folder / "f1", 1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("tls"))


@contextlib.contextmanager
def serving(wrap: Callable[[socket.socket], socket.socket], answer: bytes, pause: float = 0.0) -> Iterator[list[bytes]]:
    """A server that speaks once per connection; yields [port, what it heard …] with the port first."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            while True:
                try:
                    raw, _ = server.accept()
                except OSError:
                    return
                with raw, contextlib.suppress(OSError):
                    raw.settimeout(5)
                    with wrap(raw) as sock:
                        heard.append(sock.recv(65536))
                        for at in range(0, len(answer), 1 if pause else len(answer)):
                            sock.sendall(answer[at : at + (1 if pause else len(answer))])
                            time.sleep(pause)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        heard.append(str(server.getsockname()[1]).encode())
        yield heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def tls(credentials: Credentials) -> Callable[[socket.socket], socket.socket]:
    context = server_context(*credentials)
    return lambda raw: context.wrap_socket(raw, server_side=True)


def ask(port: bytes, credentials: Credentials, **more: object) -> object:
    words = {"party": 1, "timeout": 5.0, **more}
    client = ControlClient("127.0.0.1", int(port), client_context(*credentials), **words)  # type: ignore[arg-type]
    return client.call("POST", "/v1/x", {"secret": 1})


def answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (status, len(body)) + body


def test_both_sides_are_checked_and_json_comes_back(place: Place) -> None:
    with serving(tls(place.party), answer(b'{"a":[1,2]}')) as heard:
        assert ask(heard[0], place.regulator, fingerprint=pki.pin(place.party)) == {"a": [1, 2]}
        assert b"POST /v1/x HTTP/1.1" in heard[1]


def test_the_agents_own_error_comes_through_in_its_class(place: Place) -> None:
    body = b'{"error":{"code":"FW-DATA-001","params":{"column":"x"}}}'
    with serving(tls(place.party), answer(body, b"400 Bad Request")) as heard:
        with pytest.raises(DataError) as caught:
            ask(heard[0], place.regulator)
        assert caught.value.params == {"column": "x"}


@pytest.mark.parametrize(
    ("who", "more", "code"),
    [
        ("other", {}, "FW-ID-011"),
        ("party", {"fingerprint": "00" * 32}, "FW-ID-012"),
        ("old", {}, "FW-ID-010"),
        ("foreign", {}, "FW-ID-010"),
        ("regulator", {}, "FW-ID-011"),
    ],
)
def test_nothing_is_sent_to_anybody_else(place: Place, who: str, more: dict[str, object], code: str) -> None:
    with serving(tls(getattr(place, who)), answer(b"{}")) as heard:
        with pytest.raises(IdentityError) as caught:
            ask(heard[0], place.regulator, **more)
        assert caught.value.code == code
        assert heard[0].decode() in caught.value.message("zh")
        time.sleep(0.05)
        assert not any(heard[1:]), "the body must not leave before the peer is known"


@pytest.mark.parametrize("who", ["foreign", "old"])
def test_a_caller_with_a_bad_certificate_is_told_so(place: Place, who: str) -> None:
    mine = getattr(place, who)
    credentials = Credentials(mine.cert, mine.key, place.party.ca)
    with serving(tls(place.party), answer(b"{}")) as heard, pytest.raises(FedwardenError) as caught:
        ask(heard[0], credentials)
    # a refusal may overtake our bytes as a reset; then the connection is what is reported
    assert caught.value.code in ("FW-ID-013", "FW-LINK-003")


@pytest.mark.parametrize("who", ["foreign", "old"])
def test_an_asyncio_server_sends_its_alert_before_it_closes(place: Place, who: str) -> None:
    """The agent's control port is one; asyncio by itself would close without a word."""
    mine = getattr(place, who)
    with asyncio_serving(place.party) as port, client_of(place, mine, port) as sock:
        with pytest.raises(ssl.SSLError, match=r"(?i)alert") as caught:
            sock.recv(1)
        assert handshake_error(caught.value, "a").code == "FW-ID-013"
        assert sock.recv(1) == b"", "then it closes"


def test_an_asyncio_server_refuses_however_much_more_is_sent(place: Place) -> None:
    # the alert or the reset, whichever is seen first
    with (
        asyncio_serving(place.party) as port,
        client_of(place, place.foreign, port) as sock,
        pytest.raises(OSError),
    ):
        for _ in range(10_000):
            sock.sendall(bytes(65_536))


@contextlib.contextmanager
def asyncio_serving(credentials: Credentials) -> Iterator[int]:
    """An asyncio server that answers whoever it accepts; yields its port."""
    heard: list[bytes] = []
    ports: queue.Queue[int] = queue.Queue()
    over = threading.Event()

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    async def serve() -> None:
        async with await asyncio.start_server(answering, "127.0.0.1", 0, ssl=server_context(*credentials)) as server:
            ports.put(server.sockets[0].getsockname()[1])
            await asyncio.to_thread(over.wait)
            await asyncio.sleep(0.2)  # the callers have gone: their connections end in the next turns of the loop

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield ports.get(timeout=10)
    finally:
        over.set()
        thread.join(10)
    assert not heard, "nothing of a refused caller reaches the program"


@contextlib.contextmanager
def client_of(place: Place, mine: Credentials, port: int) -> Iterator[ssl.SSLSocket]:
    context = client_context(mine.cert, mine.key, place.party.ca)
    with socket.create_connection(("127.0.0.1", port), 5) as raw, context.wrap_socket(raw) as sock:
        yield sock


def test_tls_1_2_is_refused_by_both_sides(place: Place) -> None:
    old_client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old_client.check_hostname = False
    old_client.load_verify_locations(place.party.ca)
    old_client.load_cert_chain(place.other.cert, place.other.key)
    old_client.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(tls(place.party), answer(b"{}")) as heard, pytest.raises(ssl.SSLError, match=r"(?i)version|alert"):
        old_client.wrap_socket(socket.create_connection(("127.0.0.1", int(heard[0])))).close()
    old_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old_server.load_cert_chain(place.party.cert, place.party.key)
    old_server.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(lambda raw: old_server.wrap_socket(raw, server_side=True), b"x") as heard:
        with pytest.raises(IdentityError) as caught:
            ask(heard[0], place.regulator)
        assert caught.value.code == "FW-ID-014"


def test_a_client_without_a_certificate_gets_nothing(place: Place) -> None:
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname = False
    bare.load_verify_locations(place.party.ca)
    with serving(tls(place.party), answer(b"{}")) as heard, pytest.raises(OSError):  # noqa: SIM117
        with bare.wrap_socket(socket.create_connection(("127.0.0.1", int(heard[0])))) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            if sock.recv(10) == b"":
                raise OSError("closed")


def test_no_session_is_resumed(place: Place) -> None:
    with serving(tls(place.party), b"x") as heard:
        context = client_context(*place.other)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", int(heard[0])))) as sock:
            sock.sendall(b"hello")
            sock.recv(1)
            assert sock.session is None or not sock.session.has_ticket
            assert (sock.version(), peer_of(sock).identity.party) == ("TLSv1.3", 1)


def test_unreachable_slow_dripping_large_and_foreign_answers_have_their_words(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = str(closed.getsockname()[1]).encode()
    with pytest.raises(LinkError) as caught:
        ask(port, place.regulator)
    assert (caught.value.code, caught.value.params["party"], caught.value.retcode) == ("FW-LINK-001", 1, 105)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(LinkError) as caught:
        ask(str(silent.getsockname()[1]).encode(), place.regulator, timeout=0.3)
    assert caught.value.code == "FW-LINK-002"
    begin = time.monotonic()
    with serving(tls(place.party), answer(b'{"a": 1}'), pause=0.05) as heard, pytest.raises(LinkError) as caught:
        ask(heard[0], place.regulator, timeout=0.5)
    assert caught.value.code == "FW-LINK-002"
    assert time.monotonic() - begin < 3
    for text, more, code in (
        (answer(b"x" * 2000), {"limit": 1000}, "FW-LINK-004"),
        (answer(b"<html>"), {}, "FW-LINK-005"),
        (answer(b"{}", b"502 Bad Gateway"), {}, "FW-LINK-005"),
        (b"SSH-2.0-x\r\n", {}, "FW-LINK-003"),
    ):
        with serving(tls(place.party), text) as heard, pytest.raises(LinkError) as caught:
            ask(heard[0], place.regulator, **more)
        assert caught.value.code == code
    with serving(lambda raw: raw, b"HTTP/1.1 400 no TLS here\r\n\r\n") as heard, pytest.raises(IdentityError) as bad:
        ask(heard[0], place.regulator)
    assert bad.value.code == "FW-ID-014"


def test_contexts_name_the_file_that_is_wrong(place: Place, tmp_path: Path) -> None:
    cert, key, ca = place.party
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    for words, code, path in (
        ((cert, key, tmp_path / "no"), "FW-ID-001", tmp_path / "no"),
        ((cert, place.other.key, ca), "FW-ID-004", cert),
        ((cert, junk, ca), "FW-ID-002", junk),
        ((cert, key, junk), "FW-ID-004", junk),
    ):
        with pytest.raises(IdentityError) as caught:
            server_context(*words)
        assert (caught.value.code, caught.value.params["path"]) == (code, str(path))
