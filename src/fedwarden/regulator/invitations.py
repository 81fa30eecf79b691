"""Invitations: made once, used once, by one key; signed only when the regulator has compared that key's fingerprint."""

from __future__ import annotations

import datetime
import hashlib
import secrets

from cryptography import x509
from sqlalchemy.orm import Session

from fedwarden.common.errors import DeployError, IdentityError, UsageError
from fedwarden.common.membership import EnrolmentState, Invitation
from fedwarden.identity.keys import fingerprint
from fedwarden.regulator import certificates
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.store import all_of, audit, now
from fedwarden.regulator.tables import DeploymentRow, InvitationRow

MAX_REQUEST = 4096
#: States in which the party belongs to nobody yet and may still be invited anew.
_OPEN = ("open", "asked", "approved")


def invite(desk: Desk, party: int, address: str, seconds: int) -> Invitation:
    """A new invitation for ``party``; an earlier one that was not used up is withdrawn.

    Raises UsageError FW-USE-007; DeployError FW-DEP-520 when the party is deployed or has joined already.
    """
    if not 1 <= party <= 2**31 - 1:
        raise UsageError("FW-USE-007", found=party)
    token = secrets.token_urlsafe(32)
    made = datetime.datetime.now(datetime.UTC)
    with desk.changing(create=True):
        authority = desk.authority()
        with desk.store.begin() as session:
            for row in all_of(session, DeploymentRow, DeploymentRow.state == "deployed"):
                if any(it.party == party and not it.details.get("left") for it in row.parties):
                    raise DeployError("FW-DEP-520", party=party)
            for old in all_of(session, InvitationRow, InvitationRow.party == party):
                if old.state == "joined":
                    raise DeployError("FW-DEP-520", party=party)
                if old.state in _OPEN:
                    old.state = "withdrawn"
            number = max([0, *(int(row.id[1:]) for row in all_of(session, InvitationRow))]) + 1
            expires = (made + datetime.timedelta(seconds=seconds)).isoformat(timespec="seconds")
            row = InvitationRow(
                id=f"i{number}",
                party=party,
                token_hash=_hash(token),
                created=now(),
                expires=expires,
                state="open",
                fingerprint="",
                details={},
            )
            session.add(row)
            audit(session, "invite", row.id, party=party, expires=expires)
    return Invitation(address=address, authority=authority.fingerprint, token=token, party=party, expires=expires)


def ask(desk: Desk, token: str, party: int, request: str, source: str) -> EnrolmentState:
    """What a party's request comes to: it waits, or here is its certificate. The first key that asks is the only one.

    Raises IdentityError FW-ID-525 (unknown invitation), -526 (expired), -527 (used by another key), -528 (another
    party's), -529 (withdrawn), -005 (no request).
    """
    try:
        key = fingerprint(x509.load_pem_x509_csr(request.encode()[: MAX_REQUEST + 1]))
    except (ValueError, TypeError, AttributeError):
        raise IdentityError("FW-ID-005", party=party, why="no request") from None
    with desk.store.begin() as session:
        row = _of_token(session, token)
        if row.party != party:
            raise IdentityError("FW-ID-528", party=party)
        if row.fingerprint and row.fingerprint != key:
            raise IdentityError("FW-ID-527", party=party)
        if row.state == "withdrawn":
            raise IdentityError("FW-ID-529", party=party)
        if row.state in ("open", "asked") and _over(row):
            raise IdentityError("FW-ID-526", party=party, expires=row.expires)
        if row.state == "open":
            row.state, row.fingerprint = "asked", key
            row.details = {**row.details, "request": request, "from": source, "asked": now()}
            audit(session, "enrolment asked", row.id, party=party, fingerprint=key, source=source)
        return EnrolmentState(
            id=row.id,
            state="waiting" if row.state == "asked" else "approved" if row.state == "approved" else "joined",
            certificate=row.details.get("certificate", ""),
        )


def approve(desk: Desk, invitation: str, key: str) -> InvitationRow:
    """Signs the request when ``key`` (hex digits; colons and blanks allowed) is the fingerprint of the key that asks.

    Raises IdentityError FW-ID-530 (another fingerprint), DeployError FW-DEP-521 (no such request).
    """
    with desk.changing():
        authority = desk.authority()
        with desk.store.begin() as session:
            row = session.get(InvitationRow, invitation)
            if row is None or row.state not in ("asked", "approved"):
                raise DeployError("FW-DEP-521", id=invitation[:20])
            if "".join(key.split()).replace(":", "").lower() != row.fingerprint:
                raise IdentityError("FW-ID-530", id=row.id, party=row.party)
            if row.state == "asked":
                certificate = authority.sign_party(row.details["request"].encode(), row.party)
                row.state = "approved"
                row.details = {**row.details, "certificate": certificate.decode("ascii"), "approved": now()}
                audit(session, "enrolment approved", row.id, party=row.party, fingerprint=row.fingerprint)
            return row


def withdraw(desk: Desk, invitation: str) -> InvitationRow:
    """Takes an invitation back, or refuses a request; a key that was approved already is revoked.

    Raises DeployError FW-DEP-521.
    """
    with desk.changing():
        with desk.store.begin() as session:
            row: InvitationRow | None = session.get(InvitationRow, invitation)
            if row is None or row.state not in _OPEN:
                raise DeployError("FW-DEP-521", id=invitation[:20])
            signed = row.state == "approved"
            row.state = "withdrawn"
            audit(session, "invitation withdrawn", row.id, party=row.party)
        if signed:
            certificates.revoke_keys(desk, {row.fingerprint: f"fedwarden:party:{row.party}"})
        return row


def shown(row: InvitationRow) -> dict[str, object]:
    """An invitation as people and programs see it."""
    return {
        "id": row.id,
        "party": row.party,
        "state": "expired" if row.state in ("open", "asked") and _over(row) else row.state,
        "expires": row.expires,
        "fingerprint": row.fingerprint,
        "from": row.details.get("from", ""),
        "host": row.details.get("host", ""),
    }


def every(desk: Desk) -> list[dict[str, object]]:
    """All invitations, newest first."""
    if not desk.places.store.exists():
        return []
    with desk.store.begin() as session:
        rows = all_of(session, InvitationRow)
    return [shown(row) for row in sorted(rows, key=lambda row: -int(row.id[1:]))]


def of_party(session: Session, party: int, *states: str) -> InvitationRow | None:
    """The newest invitation of ``party`` in one of ``states``."""
    rows = [row for row in all_of(session, InvitationRow, InvitationRow.party == party) if row.state in states]
    return max(rows, key=lambda row: int(row.id[1:]), default=None)


def _of_token(session: Session, token: str) -> InvitationRow:
    found = all_of(session, InvitationRow, InvitationRow.token_hash == _hash(token))
    if not found:
        raise IdentityError("FW-ID-525")
    row: InvitationRow = found[0]
    return row


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _over(row: InvitationRow) -> bool:
    return datetime.datetime.fromisoformat(row.expires) < datetime.datetime.now(datetime.UTC)
