"""A server that refuses a certificate says so under asyncio too.

OpenSSL puts the alert (bad certificate, expired, unknown CA) into the outgoing bytes and fails the handshake; asyncio
then drops the connection together with these bytes, and whoever called sees only that it closed. Here the handshake
asks for more bytes once, which makes asyncio send what is there; what comes next (bytes, the end of the connection or
the handshake's deadline) ends it as before.
"""

from __future__ import annotations

import ssl


class TellingHandshake(ssl.SSLObject):
    """For ``SSLContext.sslobject_class``; only asyncio uses it, a blocking socket sends its alerts itself."""

    _refusal: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """Raises ssl.SSLError as ssl.SSLObject does, a refused certificate one call later."""
        if self._refusal is not None:
            raise self._refusal
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as refusal:
            self._refusal = refusal
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the alert goes out first") from None
