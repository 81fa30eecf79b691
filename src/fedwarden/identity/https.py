"""The client side of an agent's control API, on the standard library alone: a prediction must not wait for imports."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import msgspec

from fedwarden.common.errors import FedwardenError, LinkError
from fedwarden.identity.contexts import check_peer, handshake_error
from fedwarden.identity.names import party_identity

MAX_ANSWER = 64 << 20


class ControlClient:
    """Speaks with the agent of ``party`` at ``host:port``; ``fingerprint`` is its pinned key (hex), if one is known.

    Every call is a connection of its own: nothing to keep alive, nothing to go stale. ``timeout`` (seconds) bounds a
    whole call, however slowly the other side drips. ``connect`` makes the connection where it is not simply dialled; it
    is given the seconds that are left.
    """

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext,
        *,
        party: int,
        fingerprint: str | None = None,
        timeout: float = 30.0,
        limit: int = MAX_ANSWER,
        connect: Callable[[float], socket.socket] | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.party = party
        self.timeout = timeout
        self.limit = limit
        self.address = f"{host}:{port}"
        self._connect_otherwise = connect
        self._context = context
        self._fingerprint = fingerprint
        self._identity = party_identity(party)

    def call(self, method: str, path: str, body: object = None, *, timeout: float | None = None) -> Any:
        """Sends ``body`` (anything msgspec can write; None: no body); returns the decoded JSON answer, None if empty.

        Raises the agent's own error where it answered one; LinkError FW-LINK-001 … -005 when it cannot be reached, is
        too slow or answers nonsense; IdentityError when somebody else is there (checked before the body is sent).
        """
        content, kind, _ = self.fetch(method, path, body, timeout=timeout)
        if not content:
            return None
        try:
            return msgspec.json.decode(content)
        except msgspec.MsgspecError:
            raise LinkError("FW-LINK-005", party=self.party, address=self.address, why=f"no JSON ({kind})") from None

    def fetch(
        self, method: str, path: str, body: object = None, *, timeout: float | None = None
    ) -> tuple[bytes, str, int]:
        """The same as :meth:`call` for an answer that is not JSON (logs): its bytes, content type and status."""
        seconds = self.timeout if timeout is None else timeout
        end = time.monotonic() + seconds
        try:
            with self._connect(end) as sock:
                return self._exchange(sock, end, method, path, body)
        except ssl.SSLEOFError:
            raise LinkError("FW-LINK-003", party=self.party, address=self.address, why="connection closed") from None
        except ssl.SSLError as error:
            raise handshake_error(error, self.address) from None
        except TimeoutError:
            raise LinkError("FW-LINK-002", party=self.party, address=self.address, seconds=round(seconds, 1)) from None
        except ConnectionRefusedError:
            raise LinkError("FW-LINK-001", party=self.party, address=self.address) from None
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise LinkError("FW-LINK-003", party=self.party, address=self.address, why=why) from None

    def _connect(self, end: float) -> ssl.SSLSocket:
        if self._connect_otherwise is None:
            raw = socket.create_connection((self.host, self.port), timeout=_left(end))
        else:
            raw = self._connect_otherwise(_left(end))
        try:
            raw.settimeout(_left(end))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock = self._context.wrap_socket(raw)
        except BaseException:
            raw.close()
            raise
        try:
            check_peer(sock, self._identity, self._fingerprint, self.address)
        except BaseException:
            sock.close()
            raise
        return sock

    def _exchange(
        self, sock: ssl.SSLSocket, end: float, method: str, path: str, body: object
    ) -> tuple[bytes, str, int]:
        connection = http.client.HTTPConnection(self.host, self.port)
        connection.sock = _TimedSocket(sock, end)
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Connection": "close"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, content, headers)
        except (ssl.SSLEOFError, ConnectionError):
            # in TLS 1.3 a server refuses our certificate after our side of the handshake is done: its alert says why
            sock.settimeout(_left(end))
            sock.recv(1)
            raise
        with connection.getresponse() as response:
            answer = response.read(self.limit + 1)
            if len(answer) > self.limit:
                raise LinkError("FW-LINK-004", party=self.party, address=self.address, limit=self.limit)
            kind = response.headers.get_content_type()
            if response.status >= 300:
                raise self._refusal(answer, response.status)
        return answer, kind, response.status

    def _refusal(self, answer: bytes, status: int) -> FedwardenError:
        try:
            error = msgspec.json.decode(answer)["error"]
            if isinstance(error, dict) and isinstance(error["code"], str):
                return FedwardenError.from_dict(error)
        except (msgspec.MsgspecError, KeyError, TypeError):
            pass
        return LinkError("FW-LINK-005", party=self.party, address=self.address, why=f"HTTP {status}")


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _TimedSocket:
    """What http.client needs of a socket, with one deadline for everything (its own timeout is per system call)."""

    def __init__(self, sock: ssl.SSLSocket, end: float) -> None:
        self._sock = sock
        self._end = end

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._end))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._end))

    def close(self) -> None:
        """The socket belongs to the caller's ``with``."""


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: ssl.SSLSocket, end: float) -> None:
        self._sock = sock
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._end))
        return self._sock.recv_into(buffer)
