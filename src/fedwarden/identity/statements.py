"""Signed statements: a text, the key that signed it, and what kind it is, so that none can be taken for another one."""

from __future__ import annotations

import base64
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fedwarden.common.errors import IdentityError
from fedwarden.common.membership import Statement
from fedwarden.identity.keys import PrivateKey, fingerprint

T = TypeVar("T")
MAX_TEXT = 1 << 20


def sign(key: PrivateKey, kind: str, content: object) -> Statement:
    """``content`` is anything msgspec can write."""
    text = msgspec.json.encode(content).decode()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    signature = key.sign(_signed(kind, text), ec.ECDSA(hashes.SHA256()))
    return Statement(kind=kind, text=text, key=_text(public), signature=_text(signature))


def hear(statement: Statement, kind: str, signer: str, form: type[T]) -> T:
    """The content, when the key with the fingerprint ``signer`` signed it as this kind.

    Raises IdentityError FW-ID-521, which says what does not hold.
    """
    try:
        if len(statement.text) > MAX_TEXT:
            raise IdentityError("FW-ID-521", kind=kind, why="too long")
        key = serialization.load_der_public_key(base64.b64decode(statement.key, validate=True))
        signature = base64.b64decode(statement.signature, validate=True)
    except (ValueError, UnsupportedAlgorithm):
        raise IdentityError("FW-ID-521", kind=kind, why="no key or signature") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or fingerprint(key) != signer:
        raise IdentityError("FW-ID-521", kind=kind, why="signed with another key")
    try:
        key.verify(signature, _signed(kind, statement.text), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise IdentityError("FW-ID-521", kind=kind, why="wrong signature") from None
    try:
        return msgspec.json.decode(statement.text, type=form)
    except msgspec.MsgspecError:
        raise IdentityError("FW-ID-521", kind=kind, why="unknown content") from None


def _signed(kind: str, text: str) -> bytes:
    return b"fedwarden statement\0" + kind.encode() + b"\0" + text.encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
