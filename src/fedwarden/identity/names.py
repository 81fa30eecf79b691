"""Who a certificate speaks for: one URI in its subjectAltName, ``fedwarden:regulator`` or ``fedwarden:party:<id>``."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from cryptography import x509

from fedwarden.common.errors import IdentityError

MAX_PARTY = 2**31 - 1
_PARTY = re.compile(r"fedwarden:party:(0|[1-9][0-9]{0,9})", re.ASCII)


class Identity(NamedTuple):
    """``party`` is None for the regulator; 0 is the regulator's own arbiter agent."""

    kind: Literal["regulator", "party"]
    party: int | None = None

    @property
    def uri(self) -> str:
        return "fedwarden:regulator" if self.kind == "regulator" else f"fedwarden:party:{self.party}"


REGULATOR = Identity("regulator")


def party_identity(party: int) -> Identity:
    """Raises IdentityError FW-ID-007 when ``party`` is no party id (0 … 2147483647)."""
    if isinstance(party, bool) or not 0 <= party <= MAX_PARTY:
        raise IdentityError("FW-ID-007", found=str(party)[:40])
    return Identity("party", party)


def parse_uri(uri: str) -> Identity | None:
    """The identity that a SAN URI names, or None when it is none of ours."""
    if uri == "fedwarden:regulator":
        return REGULATOR
    found = _PARTY.fullmatch(uri)
    if found is None or int(found[1]) > MAX_PARTY:
        return None
    return Identity("party", int(found[1]))


def names_in(san: x509.SubjectAlternativeName) -> Identity:
    """The one identity of a subjectAltName. Raises IdentityError FW-ID-008 when it holds none, several or others."""
    names = list(san)
    if len(names) == 1 and isinstance(names[0], x509.UniformResourceIdentifier):
        identity = parse_uri(names[0].value)
        if identity is not None:
            return identity
    shown = [str(getattr(name, "value", name))[:80] for name in names[:4]]
    raise IdentityError("FW-ID-008", found=shown or ["-"])


def identity_of(der: bytes) -> Identity:
    """Whom the certificate ``der`` speaks for. That a CA signed it is the handshake's business, not looked at here.

    Raises IdentityError FW-ID-008 (foreign or several names) or FW-ID-009 (no certificate at all).
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise IdentityError("FW-ID-008", found=["-"]) from None
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise IdentityError("FW-ID-009", why=type(error).__name__) from None
    return names_in(san)
