"""TLS contexts: version 1.3 only, certificates on both sides, no resumption.

There is no host name check: a party is known by the URI in its certificate and by its key's fingerprint, both looked at
by :func:`peer_identity` after the handshake, not by where it happens to run. Without session tickets every connection
proves the certificate again, so a certificate that was replaced or has expired bites at the next connection.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from fedwarden.common.errors import IdentityError
from fedwarden.identity.keys import fingerprint_of_der
from fedwarden.identity.names import Identity, identity_of
from fedwarden.identity.refusing import TellingHandshake


class Credentials(NamedTuple):
    """The three files with which one side shows who it is and checks the other."""

    cert: Path
    key: Path
    ca: Path


def server_context(cert: Path, key: Path, ca: Path) -> ssl.SSLContext:
    """For a listening side. Raises IdentityError FW-ID-001, -002 or -004, which name the file."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, cert, key, ca)
    context.num_tickets = 0
    context.sslobject_class = TellingHandshake
    return context


def client_context(cert: Path, key: Path, ca: Path) -> ssl.SSLContext:
    """For a dialling side. Raises IdentityError FW-ID-001, -002 or -004, which name the file."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, cert, key, ca)


def _context(protocol: int, cert: Path, key: Path, ca: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    for path in (cert, key, ca):
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise IdentityError("FW-ID-001", path=str(path), why=error.strerror or type(error).__name__) from None
    try:
        context.load_verify_locations(cafile=str(ca))
    except ssl.SSLError:
        raise IdentityError("FW-ID-004", path=str(ca)) from None
    try:
        # An encrypted key would otherwise make OpenSSL ask on the terminal.
        context.load_cert_chain(str(cert), str(key), password="")
    except ssl.SSLError as error:
        wrong = cert if error.reason == "KEY_VALUES_MISMATCH" else key
        raise IdentityError("FW-ID-002" if wrong == key else "FW-ID-004", path=str(wrong)) from None
    except ValueError:
        raise IdentityError("FW-ID-002", path=str(key)) from None
    return context


class Peer(NamedTuple):
    """Who is at the other end of a finished handshake."""

    identity: Identity
    fingerprint: str


def peer_of(sock: ssl.SSLSocket | ssl.SSLObject) -> Peer:
    """Raises IdentityError FW-ID-008 or FW-ID-009 when the peer showed no certificate of ours."""
    der = sock.getpeercert(binary_form=True)
    if der is None:
        raise IdentityError("FW-ID-009", why="none shown")
    return Peer(identity_of(der), fingerprint_of_der(der))


def check_peer(sock: ssl.SSLSocket | ssl.SSLObject, expected: Identity, fingerprint: str | None, address: str) -> Peer:
    """Raises IdentityError FW-ID-011 (somebody else answers) or FW-ID-012 (another key than the pinned one)."""
    peer = peer_of(sock)
    if peer.identity != expected:
        raise IdentityError("FW-ID-011", address=address, expected=expected.uri, found=peer.identity.uri)
    if fingerprint is not None and peer.fingerprint != fingerprint.lower():
        raise IdentityError(
            "FW-ID-012", address=address, who=expected.uri, pinned=fingerprint.lower(), found=peer.fingerprint
        )
    return peer


_REASONS = {9: "not-yet-valid", 10: "expired", 18: "self-signed", 19: "unknown-CA", 20: "unknown-CA", 26: "purpose"}


def handshake_error(error: ssl.SSLError, address: str) -> IdentityError:
    """What a failed handshake (or the first read after it) means, in words that name the address.

    FW-ID-010: their certificate is not good here; FW-ID-013: ours is not good there; FW-ID-014: no TLS 1.3 at all.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _REASONS.get(error.verify_code, error.verify_message or str(error.verify_code))
        return IdentityError("FW-ID-010", address=address, why=why)
    reason = error.reason or type(error).__name__
    if "ALERT" in reason and any(word in reason for word in ("CERT", "CA", "ACCESS_DENIED", "DECRYPT")):
        return IdentityError("FW-ID-013", address=address, why=reason)
    return IdentityError("FW-ID-014", address=address, why=reason)
