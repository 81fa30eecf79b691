"""A small world of real keys and certificates for the tests of identity and transport."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import Credentials
from fedwarden.identity.keys import fingerprint_of_pem, make_csr, make_key, write_key


def party_home(authority: CertificateAuthority, folder: Path, party: int, days: int = 825) -> Credentials:
    """A party's key.pem, cert.pem, ca.pem in ``folder``; negative ``days`` makes an expired certificate."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = make_key()
    write_key(folder / "key.pem", key)
    (folder / "cert.pem").write_bytes(authority.sign_party(make_csr(key, party), party, days))
    (folder / "ca.pem").write_bytes(authority.certificate_pem)
    return Credentials(folder / "cert.pem", folder / "key.pem", folder / "ca.pem")


def pin(credentials: Credentials) -> str:
    return fingerprint_of_pem(credentials.cert.read_bytes())


def odd_csr(names: list[str] | None, *, extra_dns: str | None = None) -> bytes:
    """A request with whatever names, correctly signed."""
    key = make_key()
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names is not None:
        san: list[x509.GeneralName] = [x509.UniformResourceIdentifier(name) for name in names]
        if extra_dns:
            san.append(x509.DNSName(extra_dns))
        builder = builder.add_extension(x509.SubjectAlternativeName(san), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def self_signed(uris: list[str]) -> x509.Certificate:
    """A certificate of no authority that claims ``uris``."""
    key = make_key()
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
