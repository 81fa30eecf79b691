"""Key pairs (ECDSA P-256), certificate requests and fingerprints.

A private key is made where it is used and written 0600; no exception of this module carries key material.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fedwarden.common import files
from fedwarden.common.errors import IdentityError
from fedwarden.identity.names import Identity, party_identity

PrivateKey = ec.EllipticCurvePrivateKey
Keyed = PrivateKey | ec.EllipticCurvePublicKey | x509.Certificate | x509.CertificateSigningRequest


def make_key() -> PrivateKey:
    """A fresh P-256 key from the operating system's randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def write_key(path: Path, key: PrivateKey) -> None:
    """PKCS#8 PEM, readable by its owner alone."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files.write_atomic(path, pem, 0o600)


def read_key(path: Path) -> PrivateKey:
    """Raises IdentityError FW-ID-001 (unreadable) or FW-ID-002 (no P-256 key); neither shows what is in the file."""
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise IdentityError("FW-ID-001", path=str(path), why=error.strerror or type(error).__name__) from None
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise IdentityError("FW-ID-002", path=str(path)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IdentityError("FW-ID-002", path=str(path))
    return key


def subject(identity: Identity) -> x509.Name:
    common = "regulator" if identity.kind == "regulator" else f"party {identity.party}"
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fedwarden"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def alternative_name(identity: Identity) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity.uri)])


def make_csr(key: PrivateKey, party: int) -> bytes:
    """A certificate request (PEM) for ``party``, signed by ``key``."""
    identity = party_identity(party)
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(identity))
    request = builder.add_extension(alternative_name(identity), critical=False).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def fingerprint(source: Keyed) -> str:
    """SHA-256 of the SubjectPublicKeyInfo (DER) as 64 hex digits: the same for a key, its request, its certificates."""
    public = source if isinstance(source, ec.EllipticCurvePublicKey) else source.public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def fingerprint_of_der(der: bytes) -> str:
    """``fingerprint`` of a certificate as the handshake gives it. Raises IdentityError FW-ID-009 when it is none."""
    try:
        return fingerprint(x509.load_der_x509_certificate(der))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise IdentityError("FW-ID-009", why=type(error).__name__) from None


def fingerprint_of_pem(pem: bytes) -> str:
    """``fingerprint`` of a PEM certificate. Raises IdentityError FW-ID-009 when it is none."""
    try:
        return fingerprint(x509.load_pem_x509_certificate(pem))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise IdentityError("FW-ID-009", why=type(error).__name__) from None
