"""The server name in a TLS ClientHello, read from the first bytes of a connection without consuming them.

Formats: RFC 8446 sections 5.1 (records), 4 and 4.1.2 (ClientHello), RFC 6066 section 3 (server_name). The agent must
know which worker a connection is for before any TLS is spoken: only the worker holds the handshake.
"""

from __future__ import annotations

from typing import Literal

NEED_MORE: Literal[False] = False
NOT_TLS: None = None
#: A ClientHello that does not end within this many bytes is refused.
MAX_HELLO = 16_384
_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0


class _Refused(Exception):
    pass


class _Reader:
    """Cuts bytes; running over the end of a finished structure is a refusal."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise _Refused
        out = self.data[self.at : end]
        self.at = end
        return out

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> _Reader:
        return _Reader(self.take(self.number(width)))

    @property
    def empty(self) -> bool:
        return self.at == len(self.data)


def server_name(prefix: bytes) -> str | Literal[False] | None:
    """The name that the ClientHello at the start of ``prefix`` asks for.

    ``NEED_MORE`` (False): so far this is a ClientHello, but it goes on. ``NOT_TLS`` (None): it is none, is larger than
    ``MAX_HELLO``, is malformed, or asks for no name. Never raises.
    """
    try:
        message = _message(prefix[: MAX_HELLO + 1])
        if message is None:
            return NOT_TLS if len(prefix) > MAX_HELLO else NEED_MORE
        return _name(message)
    except _Refused:
        return NOT_TLS


def _message(data: bytes) -> bytes | None:
    """The body of the ClientHello, put together from the records; None when it goes on."""
    body = b""
    at = 0
    while True:
        record = data[at : at + 5]
        # type 22, version 3.x: looked at as soon as the bytes are there, so that plain text is refused at once
        for i, good in ((0, record[:1] == b"\x16"), (1, record[1:2] == b"\x03"), (2, record[2:3] <= b"\x04")):
            if len(record) > i and not good:
                raise _Refused
        if len(record) < 5:
            return None
        size = int.from_bytes(record[3:5], "big")
        if not 1 <= size <= MAX_HELLO:
            raise _Refused
        body += data[at + 5 : at + 5 + size]
        at += 5 + size
        if body and body[0] != _CLIENT_HELLO:
            raise _Refused
        if len(body) >= 4:
            total = int.from_bytes(body[1:4], "big")
            if total > MAX_HELLO:
                raise _Refused
            if len(body) >= 4 + total:
                return body[4 : 4 + total]
        if at > len(data):
            return None


def _name(message: bytes) -> str | None:
    hello = _Reader(message)
    hello.take(2 + 32)  # legacy_version, random
    hello.vector(1)  # legacy_session_id
    hello.vector(2)  # cipher_suites
    hello.vector(1)  # legacy_compression_methods
    if hello.empty:
        return NOT_TLS
    extensions = hello.vector(2)
    if not hello.empty:
        raise _Refused
    found: str | None = None
    while not extensions.empty:
        kind = extensions.number(2)
        content = extensions.vector(2)
        if kind != _SERVER_NAME:
            continue
        if found is not None:
            raise _Refused
        found = _host_name(content)
    return found


def _host_name(content: _Reader) -> str:
    names = content.vector(2)
    if not content.empty or names.number(1) != _HOST_NAME:
        raise _Refused
    name = names.vector(2).data
    if not names.empty or not 1 <= len(name) <= 255 or not name.isascii():
        raise _Refused
    text = name.decode("ascii")
    if not all(c.isalnum() or c in "-._" for c in text):
        raise _Refused
    return text.lower()
