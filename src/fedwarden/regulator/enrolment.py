"""The enrolment listener: a short-lived HTTPS service at which an invited party asks for its certificate.

``GET /enrol/v1/authority``, ``POST /enrol/v1/request``, and with the party's certificate ``/arrival`` and ``/leave``.
Everybody may connect, so everything is bounded: connections in all and per address, their time, the size of a body,
requests and wrong invitations per address.
"""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from fedwarden.common.errors import FedwardenError, IdentityError, StateError, UsageError
from fedwarden.common.membership import Arrival, Authority, Enrolment
from fedwarden.identity.contexts import Peer, peer_of
from fedwarden.identity.enrolment_tls import enrolment_context
from fedwarden.identity.revocation import read_book
from fedwarden.regulator import admitting, invitations
from fedwarden.regulator.desk import Desk

MAX_BODY = 16 << 10
#: Seconds a connection may take for the handshake, and then to ask; connections at one time, and those of one address.
PATIENCE, MAX_OPEN, MAX_OF_ADDRESS = 10.0, 32, 16
#: Requests of one address: at once, and per second in the long run.
BURST, PER_SECOND = 30.0, 3.0
#: Unknown invitations of one address before it is answered no more: nobody types that many wrong ones. Not of all
#: together: whoever likes could close the listener for everybody then, and no token is ever guessed.
MAX_WRONG = 50

Tell = Callable[[str, dict[str, Any]], None]


class _Budget:
    """Requests and wrong invitations per address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}
        self._wrong: Counter[str] = Counter()

    def take(self, address: str) -> None:
        """Raises UsageError FW-USE-520."""
        with self._lock:
            now = time.monotonic()
            if len(self._left) > 10_000:
                self._left.clear()
                self._wrong.clear()
            left, at = self._left.get(address, (BURST, now))
            left = min(BURST, left + (now - at) * PER_SECOND)
            self._left[address] = (left - (left >= 1), now)
            if left < 1 or self._wrong[address] >= MAX_WRONG:
                raise UsageError("FW-USE-520")

    def wrong(self, address: str) -> None:
        with self._lock:
            self._wrong[address] += 1


class EnrolmentListener:
    """Listens at ``host:port`` (0: any free one) from ``__enter__`` on, in threads of its own.

    ``desk`` makes a desk per request; ``tell`` hears (code, params) of what happened, for the operator who watches.
    Raises UsageError FW-USE-521 when the address cannot be used.
    """

    def __init__(self, desk: Callable[[], Desk], host: str, port: int, tell: Tell) -> None:
        with desk() as own:
            own.authority()
            self.context = enrolment_context(own.credentials)
        self.desk, self.tell, self.budget = desk, tell, _Budget()
        self.changing = threading.Lock()  # arrivals and departures one after another
        try:
            self._server = _Server((host, port), self)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise UsageError("FW-USE-521", address=f"{host}:{port}", why=why) from None
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)

    def __enter__(self) -> EnrolmentListener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def answer(self, method: str, path: str, body: bytes, peer: Peer | None, address: str) -> object:
        """What a request comes to. Raises FedwardenError."""
        if (method, path) == ("GET", "/enrol/v1/authority"):
            with self.desk() as desk:
                return Authority(certificate=desk.authority().certificate_pem.decode("ascii"))
        if method != "POST":
            raise UsageError("FW-USE-060", route=path[:100])
        if path == "/enrol/v1/request":
            asked = _decoded(body, Enrolment)
            with self.desk() as desk:
                try:
                    state = invitations.ask(desk, asked.token, asked.party, asked.request, address)
                except IdentityError as error:
                    if error.code == "FW-ID-525":
                        self.budget.wrong(address)
                    self.tell("FW-SAY-522", {"party": asked.party, "address": address, "why": error.message()})
                    raise
            return state
        if path not in ("/enrol/v1/arrival", "/enrol/v1/leave"):
            raise UsageError("FW-USE-060", route=path[:100])
        party = self._party(peer)
        with self.changing, self.desk() as desk:
            if path == "/enrol/v1/arrival":
                welcome = admitting.arrive(desk, party[0], party[1], _decoded(body, Arrival))
                self.tell("FW-SAY-523", {"party": party[0], "deployment": welcome.deployment or "-"})
                return welcome
            farewell = admitting.leave(desk, party[0], party[1])
            self.tell("FW-SAY-524", {"party": party[0]})
            return farewell

    def _party(self, peer: Peer | None) -> tuple[int, str]:
        """Party id and key of the certificate that was shown. Raises IdentityError FW-ID-060, -522."""
        if peer is None or peer.identity.party is None:
            raise IdentityError("FW-ID-060", who="nobody", method="POST", route="/enrol/v1/arrival")
        with self.desk() as desk:
            read_book(desk.places.pki, "ca.crt").check(peer.fingerprint, peer.identity.uri)
        return peer.identity.party, peer.fingerprint


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise UsageError("FW-USE-063", route="/enrol/v1", why=str(error)[:200]) from None


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, place: tuple[str, int], listener: EnrolmentListener) -> None:
        self.listener = listener
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        super().__init__(place, http.server.BaseHTTPRequestHandler)  # not used: finish_request makes ours

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            full = self._open.total() >= MAX_OPEN or self._open[client_address[0]] >= MAX_OF_ADDRESS
            self._open[client_address[0]] += not full
        if full:
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open -= Counter({client_address[0]: 1})  # drops an address at zero

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake is in the connection's own thread: a silent client holds nobody up."""
        request.settimeout(PATIENCE)
        with self.listener.context.wrap_socket(request, server_side=True) as secure:
            # one deadline for the whole request, however slowly it drips: a timeout of the socket is per call
            patience = threading.Timer(PATIENCE, _end, [secure])
            patience.start()
            try:
                _Handler(secure, client_address, self, patience)
            finally:
                patience.cancel()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks, is silent or speaks no TLS is nobody's business."""


def _end(sock: socket.socket) -> None:
    """From another thread: whoever reads gets an end."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.0"
    timeout = PATIENCE

    def __init__(self, request: Any, client_address: Any, server: _Server, patience: threading.Timer) -> None:
        self._patience = patience
        super().__init__(request, client_address, server)

    def _answer(self) -> None:
        listener, address = self.server.listener, str(self.client_address[0])
        try:
            listener.budget.take(address)
            length = self.headers.get("Content-Length", "0")
            if not length.isdigit() or int(length) > MAX_BODY:
                raise UsageError("FW-USE-064", limit=MAX_BODY)
            body = self.rfile.read(int(length))
            self._patience.cancel()  # an answer may take longer than a question
            answer, status = listener.answer(self.command, self.path, body, self._peer(), address), 200
        except FedwardenError as error:
            answer, status = {"error": error.to_dict()}, 429 if error.code == "FW-USE-520" else 403
        except (OSError, ValueError) as error:  # a text of a foreign error may quote what was sent
            answer, status = {"error": StateError("FW-STATE-099", why=type(error).__name__).to_dict()}, 500
        data = msgspec.json.encode(answer)
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _answer

    def _peer(self) -> Peer | None:
        secure: ssl.SSLSocket = self.connection
        return peer_of(secure) if secure.getpeercert(binary_form=True) else None

    def log_message(self, *_: object) -> None:
        """``tell`` says what matters; a request's line is not for the terminal."""


def parse_place(text: str) -> tuple[str, int]:
    """``ADDRESS:PORT``. Raises UsageError FW-USE-521."""
    host, _, port = text.rpartition(":")
    try:
        socket.inet_aton(host)
        if not port.isascii() or not port.isdigit() or not int(port) < 65536 or host.count(".") != 3:
            raise OSError
    except OSError:
        raise UsageError("FW-USE-521", address=text[:60], why="ADDRESS:PORT") from None
    return host, int(port)
