"""Keys, requests and the regulator's CA: who gets a certificate, and for which name."""

from __future__ import annotations

import ssl
from pathlib import Path

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fedwarden.common.errors import IdentityError
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.keys import fingerprint, fingerprint_of_pem, make_csr, make_key, read_key, write_key
from fedwarden.identity.names import REGULATOR, Identity, identity_of, parse_uri, party_identity


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.create(tmp_path_factory.mktemp("ca") / "pki")


def code(call: object, *words: object) -> str:
    with pytest.raises(IdentityError) as caught:
        call(*words)  # type: ignore[operator]
    assert caught.value.message("zh") != caught.value.message("en")
    return caught.value.code


def test_a_signed_party_is_known_by_its_uri_and_its_key(ca: CertificateAuthority) -> None:
    key = make_key()
    pem = ca.sign_party(make_csr(key, 7), 7)
    assert identity_of(ssl.PEM_cert_to_DER_cert(pem.decode())) == Identity("party", 7)
    assert fingerprint_of_pem(pem) == fingerprint(key) == fingerprint(key.public_key())
    certificate = x509.load_pem_x509_certificate(pem)
    days = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert days.days == 826
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_serials_differ_and_the_authority_survives_loading(ca: CertificateAuthority) -> None:
    again = CertificateAuthority.load(ca.folder)
    csr = make_csr(make_key(), 3)
    serials = {x509.load_pem_x509_certificate(one.sign_party(csr, 3)).serial_number for one in (ca, again, ca)}
    assert len(serials) == 3
    assert code(CertificateAuthority.create, ca.folder) == "FW-ID-003"


def test_the_regulators_certificate_names_the_regulator(ca: CertificateAuthority) -> None:
    cert, key, _ = ca.issue_regulator()
    assert identity_of(ssl.PEM_cert_to_DER_cert(cert.read_text())) == REGULATOR
    assert (key.stat().st_mode & 0o777, cert.stat().st_mode & 0o077) == (0o600, 0)
    assert fingerprint(read_key(key)) == fingerprint_of_pem(cert.read_bytes())


@pytest.mark.parametrize(
    ("names", "dns"),
    [
        (["fedwarden:party:8"], None),
        (["fedwarden:regulator"], None),
        (["fedwarden:party:7", "fedwarden:regulator"], None),
        (["fedwarden:party:7"], "bank.example"),
        (["https://bank.example"], None),
        (["fedwarden:party:07"], None),
    ],
)
def test_a_request_for_any_other_name_is_refused(ca: CertificateAuthority, names: list[str], dns: str | None) -> None:
    assert code(ca.sign_party, pki.odd_csr(names, extra_dns=dns), 7) == "FW-ID-006"


def test_a_request_that_asks_to_be_an_authority_is_refused(ca: CertificateAuthority) -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = builder.sign(make_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    assert code(ca.sign_party, pem, 7) == "FW-ID-006"


def test_a_request_with_a_broken_signature_or_a_weak_key_is_refused(ca: CertificateAuthority) -> None:
    der = bytearray(x509.load_pem_x509_csr(make_csr(make_key(), 7)).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    broken = ssl.DER_cert_to_PEM_cert(bytes(der)).replace("CERTIFICATE", "CERTIFICATE REQUEST").encode()
    assert code(ca.sign_party, broken, 7) == "FW-ID-005"
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        assert code(ca.sign_party, pem, 7) == "FW-ID-005"
    assert code(ca.sign_party, b"no pem at all", 7) == "FW-ID-005"


@pytest.mark.parametrize("party", [-1, 2**31, True])
def test_only_party_ids_are_signed(ca: CertificateAuthority, party: int) -> None:
    assert code(party_identity, party) == "FW-ID-007"


@pytest.mark.parametrize("uri", ["fedwarden:party:٣", "fedwarden:party:1\n", "fedwarden:party:2147483648", "x", ""])
def test_uris_are_read_strictly(uri: str) -> None:
    assert parse_uri(uri) is None


def test_foreign_and_several_names_are_nobody() -> None:
    for names in (["https://a.example"], ["fedwarden:party:1", "fedwarden:party:2"]):
        der = pki.self_signed(names).public_bytes(serialization.Encoding.DER)
        assert code(identity_of, der) == "FW-ID-008"
    assert code(identity_of, b"\x30\x03garbage") == "FW-ID-009"


def test_key_files_are_private_and_damage_is_told_without_their_content(tmp_path: Path) -> None:
    path = tmp_path / "home" / "key.pem"
    write_key(path, make_key())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    text = path.read_text()
    secret = text.splitlines()[1]
    path.write_text(text.replace("PRIVATE", "PRIVAT"))
    with pytest.raises(IdentityError) as caught:
        read_key(path)
    assert caught.value.code == "FW-ID-002"
    assert secret not in repr(caught.value) + str(caught.value.__cause__)
    assert code(read_key, tmp_path / "none.pem") == "FW-ID-001"
    (tmp_path / "rsa.pem").write_bytes(
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    assert code(read_key, tmp_path / "rsa.pem") == "FW-ID-002"


def test_an_authority_whose_files_do_not_fit_is_not_used(tmp_path: Path) -> None:
    CertificateAuthority.create(tmp_path / "a")
    write_key(tmp_path / "a" / "ca.key", make_key())
    assert code(CertificateAuthority.load, tmp_path / "a") == "FW-ID-004"
    (tmp_path / "a" / "ca.crt").unlink()
    assert code(CertificateAuthority.load, tmp_path / "a") == "FW-ID-001"
