"""The regulator's certificate authority: one P-256 key in one folder, which signs parties' requests."""

from __future__ import annotations

import datetime
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fedwarden.common import files
from fedwarden.common.errors import IdentityError
from fedwarden.common.membership import Revocations, Statement
from fedwarden.identity.contexts import Credentials
from fedwarden.identity.keys import PrivateKey, alternative_name, fingerprint, make_key, read_key, subject, write_key
from fedwarden.identity.ledger import Issued, Ledger
from fedwarden.identity.names import REGULATOR, Identity, names_in, party_identity
from fedwarden.identity.revocation import KIND as REVOCATIONS
from fedwarden.identity.revocation import read_book
from fedwarden.identity.statements import sign

CA_DAYS = 3652
LEAF_DAYS = 825
# Hosts without time service may run behind the regulator; a certificate is good from a day before it was made.
BACKDATE = datetime.timedelta(days=1)


class CertificateAuthority:
    """``ca.key`` and ``ca.crt`` in ``folder`` (0700). Made by :meth:`create` or :meth:`load`."""

    def __init__(self, folder: Path, key: PrivateKey, certificate: x509.Certificate) -> None:
        self.folder = folder
        self._key = key
        self._certificate = certificate

    @classmethod
    def create(cls, folder: Path) -> CertificateAuthority:
        """Makes the authority's key and certificate. Raises IdentityError FW-ID-003 when the folder has one already."""
        if (folder / "ca.crt").exists():
            raise IdentityError("FW-ID-003", path=str(folder))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = make_key()
        # A name of its own, so that two authorities are told apart in a log.
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fedwarden"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"regulator's CA {secrets.token_hex(4)}"),
            ]
        )
        builder = _builder(name, name, key.public_key(), CA_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(authority=True), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        certificate = builder.sign(key, hashes.SHA256())
        write_key(folder / "ca.key", key)  # the certificate comes last: a folder with ca.crt is complete
        files.write_atomic(folder / "ca.crt", certificate.public_bytes(serialization.Encoding.PEM))
        return cls(folder, key, certificate)

    @classmethod
    def load(cls, folder: Path) -> CertificateAuthority:
        """Raises IdentityError FW-ID-001, -002, -004 when a file is missing, damaged, or the two do not fit."""
        path = folder / "ca.crt"
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except OSError as error:
            raise IdentityError("FW-ID-001", path=str(path), why=error.strerror or type(error).__name__) from None
        except ValueError:
            raise IdentityError("FW-ID-004", path=str(path)) from None
        key = read_key(folder / "ca.key")
        if fingerprint(key) != fingerprint(certificate):
            raise IdentityError("FW-ID-004", path=str(path))
        return cls(folder, key, certificate)

    @property
    def certificate_pem(self) -> bytes:
        """What every party stores as ``ca.pem``."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def sign_party(self, csr_pem: bytes, party: int, days: int = LEAF_DAYS) -> bytes:
        """The certificate (PEM) of ``party`` for the key in its request.

        The subject comes from ``party`` alone. Raises IdentityError FW-ID-005 when the request is damaged, its
        signature wrong or its key no P-256 key, and FW-ID-006 when it asks for any other name than that party's.
        """
        identity = party_identity(party)
        try:
            request = x509.load_pem_x509_csr(csr_pem)
            good = request.is_signature_valid
            public = request.public_key()
            extensions = list(request.extensions)
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
            raise IdentityError("FW-ID-005", party=party, why=type(error).__name__) from None
        if not good:
            raise IdentityError("FW-ID-005", party=party, why="signature")
        if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
            raise IdentityError("FW-ID-005", party=party, why="key is not P-256")
        for extension in extensions:
            value = extension.value
            if not isinstance(value, x509.SubjectAlternativeName):
                raise IdentityError("FW-ID-006", party=party, found=[extension.oid.dotted_string])
            try:
                asked = names_in(value)
            except IdentityError as error:
                raise IdentityError("FW-ID-006", party=party, found=error.params["found"]) from None
            if asked != identity:
                raise IdentityError("FW-ID-006", party=party, found=[asked.uri])
        return self._issue(identity, public, days)

    def issue_regulator(self, days: int = LEAF_DAYS) -> Credentials:
        """A fresh key and certificate for the regulator itself: ``regulator.key``, ``regulator.crt`` in the folder."""
        key = make_key()
        write_key(self.folder / "regulator.key", key)
        files.write_atomic(self.folder / "regulator.crt", self._issue(REGULATOR, key.public_key(), days))
        return self.regulator_credentials

    @property
    def regulator_credentials(self) -> Credentials:
        return Credentials(self.folder / "regulator.crt", self.folder / "regulator.key", self.folder / "ca.crt")

    @property
    def fingerprint(self) -> str:
        """Of the authority's own key: what an invitation names."""
        return fingerprint(self._certificate)

    @property
    def ends(self) -> str:
        """When the authority's own certificate ends: UTC, ISO 8601."""
        return self._certificate.not_valid_after_utc.isoformat(timespec="seconds")

    def revoke(self, keys: dict[str, str]) -> Statement:
        """Adds ``keys`` (fingerprint → identity) to the list of revoked ones, stores it and answers it, signed.

        Raises StateError FW-STATE-521 when the stored list is damaged.
        """
        book = read_book(self.folder, "ca.crt")
        made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        after = Revocations(number=book.number + 1, made=made, keys={**book.keys, **keys})
        statement = sign(self._key, REVOCATIONS, after)
        book.accept(statement)
        return statement

    def _issue(self, identity: Identity, public: ec.EllipticCurvePublicKey, days: int) -> bytes:
        builder = _builder(subject(identity), self._certificate.subject, public, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(authority=False), critical=True)
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(purposes, critical=False)
        builder = builder.add_extension(alternative_name(identity), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        mine = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = builder.add_extension(mine, critical=False).sign(self._key, hashes.SHA256())
        Ledger(self.folder).add(
            Issued(
                who=identity.uri,
                serial=f"{certificate.serial_number:x}",
                fingerprint=fingerprint(public),
                made=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                ends=certificate.not_valid_after_utc.isoformat(timespec="seconds"),
            )
        )
        return certificate.public_bytes(serialization.Encoding.PEM)


def _builder(
    name: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE if days > 0 else now + 2 * datetime.timedelta(days=days))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
