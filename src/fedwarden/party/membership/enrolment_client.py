"""The party's side of enrolment: the authority is believed by its fingerprint alone, then everything else by it."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any, TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from fedwarden.common.errors import FedwardenError, IdentityError, LinkError
from fedwarden.common.membership import Arrival, Authority, Enrolment, EnrolmentState, Farewell, Welcome
from fedwarden.identity.contexts import check_peer, client_context, handshake_error
from fedwarden.identity.enrolment_tls import anonymous_context
from fedwarden.identity.keys import fingerprint
from fedwarden.identity.names import REGULATOR
from fedwarden.party.home import Home

T = TypeVar("T")
MAX_ANSWER = 1 << 20
SECONDS = 15.0
#: An arrival ends with a secure addition between all agents, which may have to wait for its turn.
ARRIVAL_SECONDS = 240.0


class EnrolmentClient:
    """``authority`` is the fingerprint of the CA's key. Every call is a connection of its own."""

    def __init__(self, address: str, authority: str) -> None:
        self._address, self._authority = address, authority
        host, _, port = address.rpartition(":")
        self._place = (host, int(port) if port.isdecimal() else 0)

    def authority(self) -> bytes:
        """The CA's certificate (PEM). Raises IdentityError FW-ID-532 when its key is not the invitation's.

        Anybody may have answered: of the text only that one certificate is passed on. A second one behind it would be
        believed as well by whoever loads the file.
        """
        found = self._call(anonymous_context(None), "GET", "authority", None, Authority, SECONDS, known=False)
        try:
            certificate = x509.load_pem_x509_certificate(found.certificate.encode())
            key = fingerprint(certificate)
        except (ValueError, UnsupportedAlgorithm):
            key = "-"
        if key != self._authority:
            raise IdentityError("FW-ID-532", address=self._address, expected=self._authority, found=key)
        return certificate.public_bytes(Encoding.PEM)

    def ask(self, asked: Enrolment, authority: bytes) -> EnrolmentState:
        """How the request stands; the first call makes it. Raises what the regulator refuses, LinkError FW-LINK-520."""
        context = anonymous_context(authority.decode("ascii"))
        return self._call(context, "POST", "request", asked, EnrolmentState, SECONDS)

    def arrive(self, home: Home, arrival: Arrival) -> Welcome:
        return self._call(_own(home), "POST", "arrival", arrival, Welcome, ARRIVAL_SECONDS)

    def leave(self, home: Home) -> Farewell:
        return self._call(_own(home), "POST", "leave", {}, Farewell, ARRIVAL_SECONDS)

    def own_address(self) -> str:
        """This host's address on the way to the regulator. Raises LinkError FW-LINK-520."""
        try:
            with socket.create_connection(self._place, SECONDS) as sock:
                return str(sock.getsockname()[0])
        except OSError as error:
            raise self._unreached(error) from None

    def _call(
        self,
        context: ssl.SSLContext,
        method: str,
        name: str,
        body: object,
        kind: type[T],
        seconds: float,
        known: bool = True,
    ) -> T:
        try:
            with (
                socket.create_connection(self._place, SECONDS) as raw,
                context.wrap_socket(raw, server_hostname=None) as secure,
            ):
                if known:
                    check_peer(secure, REGULATOR, None, self._address)
                secure.settimeout(seconds)
                connection = http.client.HTTPConnection(*self._place)
                connection.sock = secure
                content = None if body is None else msgspec.json.encode(body)
                connection.request(method, f"/enrol/v1/{name}", content, {"Connection": "close"})
                with connection.getresponse() as response:
                    answer, status = response.read(MAX_ANSWER), response.status
        except ssl.SSLEOFError as error:
            raise self._unreached(error) from None
        except ssl.SSLError as error:
            raise handshake_error(error, self._address) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._unreached(error) from None
        return self._read(answer, status, kind)

    def _read(self, answer: bytes, status: int, kind: type[T]) -> T:
        try:
            if status == 200:
                return msgspec.json.decode(answer, type=kind)
            error: Any = msgspec.json.decode(answer)["error"]
            raise FedwardenError.from_dict({"code": str(error["code"]), "params": error.get("params")})
        except (msgspec.MsgspecError, KeyError, TypeError):
            raise LinkError("FW-LINK-520", address=self._address, why=f"HTTP {status}") from None

    def _unreached(self, error: Exception) -> LinkError:
        why = getattr(error, "strerror", None) or (
            "no answer" if isinstance(error, TimeoutError) else type(error).__name__
        )
        return LinkError("FW-LINK-520", address=self._address, why=why)


def _own(home: Home) -> ssl.SSLContext:
    return client_context(home.cert, home.key, home.ca)
