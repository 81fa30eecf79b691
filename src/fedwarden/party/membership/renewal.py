"""A new key for this agent: made here, vouched for by the old one, used once the regulator has signed it.

``key.next.pem`` is the key that waits. ``cert.next.pem`` beside it means that the change is decided: whatever kills the
agent then, the next start completes it.
"""

from __future__ import annotations

import datetime
import ssl

from fedwarden.common.errors import IdentityError
from fedwarden.common.files import write_atomic
from fedwarden.common.membership import KeyChange, NewKey
from fedwarden.identity.keys import fingerprint, fingerprint_of_pem, make_csr, make_key, read_key, write_key
from fedwarden.identity.names import identity_of
from fedwarden.identity.statements import sign
from fedwarden.party.home import Home

KIND = "key change"


def begin(home: Home, party: int) -> NewKey:
    """Makes the key that waits, unless there is one, and has the present key vouch for it."""
    if not home.next_key.exists():
        write_key(home.next_key, make_key())
    present, new = read_key(home.key), read_key(home.next_key)
    change = KeyChange(
        party=party,
        old=fingerprint(present),
        new=fingerprint(new),
        made=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    return NewKey(request=make_csr(new, party).decode("ascii"), statement=sign(present, KIND, change))


def finish(home: Home, party: int, certificate: bytes) -> None:
    """Takes the new key into use. Raises IdentityError FW-ID-524: the certificate is not this party's for that key."""
    check_certificate(home, party, certificate, fingerprint(read_key(home.next_key)) if home.next_key.exists() else "")
    write_atomic(home.next_cert, certificate)
    settle(home)


def settle(home: Home) -> None:
    """At start and after a decision: completes a change that was decided."""
    if home.next_cert.exists():
        if home.next_key.exists():
            home.next_key.replace(home.key)
        home.next_cert.replace(home.cert)


def check_certificate(home: Home, party: int, certificate: bytes, expected: str) -> None:
    """Raises IdentityError FW-ID-524 unless ``certificate`` (PEM) is ``party``'s, for the key with the fingerprint
    ``expected``, and signed by the authority in ``ca.pem``."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        found = x509.load_pem_x509_certificate(certificate)
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(home.ca.read_bytes()))
        named = identity_of(ssl.PEM_cert_to_DER_cert(certificate.decode("ascii"))).party
    except (ValueError, TypeError, InvalidSignature, OSError, IdentityError) as error:
        raise IdentityError("FW-ID-524", party=party, why=type(error).__name__) from None
    if named != party:
        raise IdentityError("FW-ID-524", party=party, why=f"party {named}")
    if fingerprint_of_pem(certificate) != expected:
        raise IdentityError("FW-ID-524", party=party, why="another key")
