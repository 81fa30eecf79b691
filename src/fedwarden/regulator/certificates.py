"""The life of certificates: what was issued and until when, new keys, revoked keys, and telling the agents of both."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import DeployError, FedwardenError, UsageError
from fedwarden.common.files import read_struct
from fedwarden.common.membership import KeyChange, Statement
from fedwarden.engines.base import Site
from fedwarden.engines.native.membership import MembershipCalls
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.keys import fingerprint_of_pem
from fedwarden.identity.ledger import Ledger
from fedwarden.identity.revocation import FILE, read_book
from fedwarden.regulator.desk import Desk, site_of
from fedwarden.regulator.store import all_of, audit, get_meta, now, set_meta
from fedwarden.regulator.tables import DeploymentRow, InvitationRow, PartyRow

WARN_DAYS = 30
#: In the store's meta: the regulator's key that is being replaced.
LEAVING = "regulator key leaving"


def every(desk: Desk) -> list[dict[str, Any]]:
    """Every certificate that was issued, oldest first: whose, its key, when it ends, and what it is today.

    ``state``: current; replaced by a newer key; revoked; expired; or unused (its agent is gone).
    """
    ledger, book = Ledger(desk.places.pki).all(), read_book(desk.places.pki, "ca.crt")
    used, at = _used(desk), datetime.datetime.now(datetime.UTC)
    out = []
    for one in ledger:
        state = "current" if one.fingerprint in used else "unused"
        if not book.holds(one.fingerprint):
            state = "revoked"
        elif one.days_left(at) < 0:
            state = "expired"
        elif state == "unused" and any(other.who == one.who and other.fingerprint in used for other in ledger):
            state = "replaced"
        out.append({**msgspec.to_builtins(one), "state": state, "days": one.days_left(at)})
    return out


def expiring(desk: Desk) -> list[tuple[str, int]]:
    """(who, days left) of everything in use that ends within thirty days, the authority included."""
    if not (desk.places.pki / "ca.crt").exists():
        return []
    at, used, latest = datetime.datetime.now(datetime.UTC), _used(desk), Ledger(desk.places.pki).latest()
    found = [(one.who, one.days_left(at)) for key, one in latest.items() if key in used]
    ends = datetime.datetime.fromisoformat(CertificateAuthority.load(desk.places.pki).ends)
    return [(who, days) for who, days in [*found, ("authority", (ends - at).days)] if days <= WARN_DAYS]


def note_expiring(desk: Desk) -> None:
    for who, days in expiring(desk):
        desk.note("FW-NOTE-520", who=who, days=days)


def _used(desk: Desk) -> set[str]:
    """Fingerprints of the keys that are in use."""
    used = set()
    if desk.credentials.cert.exists():
        used.add(fingerprint_of_pem(desk.credentials.cert.read_bytes()))
    if desk.places.store.exists():
        with desk.store.begin() as session:
            rows = all_of(session, DeploymentRow, DeploymentRow.state == "deployed")
        used |= {party.fingerprint for row in rows for party in row.parties if not party.details.get("left")}
    return used


# revoking


def revoke(desk: Desk, party: int) -> dict[str, Any]:
    """Revokes the key of ``party`` and tells every agent; which were told, and why the others were not.

    Raises DeployError FW-DEP-522 when no such party is deployed or has joined.
    """
    with desk.changing():
        rows = _with(desk, party)
        keys = {it.fingerprint for row in rows for it in row.parties if it.party == party and it.fingerprint}
        at = now()
        with desk.store.begin() as session:
            for row in rows:
                kept = session.get_one(PartyRow, (row.id, party))
                kept.details = {**kept.details, "revoked": at}
            audit(session, "revoke", f"party {party}", party=party, keys=sorted(keys))
        return revoke_keys(desk, dict.fromkeys(keys, f"fedwarden:party:{party}"))


def revoke_keys(desk: Desk, keys: dict[str, str]) -> dict[str, Any]:
    """``keys``: fingerprint → identity. Call with the lock held."""
    told, untold = _tell_revoked(desk, desk.authority().revoke(keys))
    return {"keys": sorted(keys), "told": sorted(told), "untold": {str(party): code for party, code in untold.items()}}


def _tell_revoked(desk: Desk, statement: Statement) -> tuple[list[int], dict[int, str]]:
    """Hands the list to every agent: the parties that have it, and the others with the code why not."""
    told: list[int] = []
    untold: dict[int, str] = {}
    for site in _sites(desk):
        for party, answer in MembershipCalls(desk.credentials).revoke(site, statement).items():
            if isinstance(answer, FedwardenError):
                untold[party] = answer.code
                desk.note("FW-NOTE-521", party=party, why=answer.message())
            else:
                told.append(party)
    return told, untold


def bring_up_to_date(desk: Desk, site: Site) -> None:
    """Hands the list of revoked keys to agents of ``site`` that do not have it yet. Raises what an agent refuses."""
    path = desk.places.pki / FILE
    if not path.exists():
        return
    number = read_book(desk.places.pki, "ca.crt").number
    calls = MembershipCalls(desk.credentials)
    behind = [member for member in site.members if _revocations(calls, site, member.party) < number]
    answers = calls.revoke(replace(site, members=behind), read_struct(path, Statement))
    for answer in answers.values():
        if isinstance(answer, FedwardenError):
            raise answer


def _revocations(calls: MembershipCalls, site: Site, party: int) -> int:
    return calls.health(site, party).revocations


# new keys


def rotate(desk: Desk, party: int) -> AgentInfo:
    """A new key for the agent of ``party``, made there and signed here; peers pin it on the old key's word, and once
    all do, the old one is revoked.

    Interrupted at any point, the same command goes on. Raises DeployError FW-DEP-522, -523 (some peers could not be
    told: repeat), JobError FW-JOB-523 (jobs run there), LinkError.
    """
    with desk.changing():
        row = _with(desk, party)[0]
        calls = MembershipCalls(desk.credentials)
        pending = _party(row, party).details.get("rotation")
        if pending is None:
            site = site_of(row)
            asked = calls.new_key(site, party)
            certificate = desk.authority().sign_party(asked.request.encode(), party).decode("ascii")
            pending = {"statement": msgspec.to_builtins(asked.statement), "certificate": certificate}
            _keep(desk, row.id, party, rotation=pending)
        statement = msgspec.convert(pending["statement"], Statement)
        key = fingerprint_of_pem(pending["certificate"].encode())
        info = _taken(desk, row, party, key, pending["certificate"], calls)
        old = _party(row, party).fingerprint
        with desk.store.begin() as session:
            session.get_one(PartyRow, (row.id, party)).fingerprint = key
            for asked in all_of(session, InvitationRow, InvitationRow.party == party, InvitationRow.state == "joined"):
                asked.fingerprint = key
                asked.details = {**asked.details, "certificate": pending["certificate"]}
            row = session.get_one(DeploymentRow, row.id)
            if old != key:
                audit(session, "new key", f"party {party}", party=party, old=old, new=key)
        _publish(desk)
        untold = calls.tell_key(site_of(row), party, statement)
        if untold:
            raise DeployError(
                "FW-DEP-523", party=party, peers=sorted(untold), why=next(iter(untold.values())).message()
            )
        _revoke_old(desk, _change(statement).old, f"fedwarden:party:{party}")
        _keep(desk, row.id, party, rotation=None)
    return info


def _change(statement: Statement) -> KeyChange:
    """Heard from the agent itself when it made the key; whether the old key signed it is its peers' to judge."""
    return msgspec.json.decode(statement.text, type=KeyChange)


def _revoke_old(desk: Desk, key: str, who: str) -> None:
    """On the list already where a command was interrupted; then only the agents may not all have heard of it."""
    if read_book(desk.places.pki, "ca.crt").holds(key):
        revoke_keys(desk, {key: who})
    else:
        _tell_revoked(desk, read_struct(desk.places.pki / FILE, Statement))


def _taken(desk: Desk, row: DeploymentRow, party: int, key: str, certificate: str, calls: MembershipCalls) -> AgentInfo:
    """The agent under its new key; it may have taken it already when this command was interrupted before."""
    site = site_of(row)
    members = [replace(one, fingerprint=key) if one.party == party else one for one in site.members]
    if pending_taken := _answers(calls, replace(site, members=members), party):
        return pending_taken
    return calls.give_certificate(site, party, certificate.encode())


def _answers(calls: MembershipCalls, site: Site, party: int) -> AgentInfo | None:
    try:
        return calls.health(site, party)
    except FedwardenError as error:
        if error.code == "FW-ID-012":
            return None
        raise


def rotate_regulator(desk: Desk) -> str:
    """A new key and certificate for the regulator itself; the old key is revoked at every agent. Its fingerprint.

    Interrupted at any point, the same command goes on.
    """
    with desk.changing():
        present = fingerprint_of_pem(desk.credentials.cert.read_bytes())
        with desk.store.begin() as session:
            old = get_meta(session, LEAVING) or present
            set_meta(session, LEAVING, old)
        authority = desk.authority()  # a certificate that was written half is made anew by that
        if fingerprint_of_pem(desk.credentials.cert.read_bytes()) == old:
            authority.issue_regulator()
        new = fingerprint_of_pem(desk.credentials.cert.read_bytes())
        with desk.store.begin() as session:
            audit(session, "new key", "regulator", old=old, new=new)
        _revoke_old(desk, old, "fedwarden:regulator")
        with desk.store.begin() as session:
            set_meta(session, LEAVING, None)
    return new


def _publish(desk: Desk) -> None:
    from fedwarden.regulator.publishing import write_published

    write_published(desk)


def _with(desk: Desk, party: int) -> list[DeploymentRow]:
    with desk.store.begin() as session:
        rows = all_of(session, DeploymentRow, DeploymentRow.state == "deployed", DeploymentRow.engine == "native")
    found = [row for row in rows if any(it.party == party and not it.details.get("left") for it in row.parties)]
    if not found:
        raise DeployError("FW-DEP-522", party=party)
    return found


def _party(row: DeploymentRow, party: int) -> PartyRow:
    return next(one for one in row.parties if one.party == party)


def _keep(desk: Desk, deployment: str, party: int, rotation: dict[str, Any] | None) -> None:
    with desk.store.begin() as session:
        kept = session.get_one(PartyRow, (deployment, party))
        rest = {name: value for name, value in kept.details.items() if name != "rotation"}
        kept.details = rest if rotation is None else {**rest, "rotation": rotation}


def _sites(desk: Desk) -> list[Site]:
    with desk.store.begin() as session:
        rows = all_of(session, DeploymentRow, DeploymentRow.state == "deployed", DeploymentRow.engine == "native")
    return [site_of(row) for row in rows]


def parse_party(text: str) -> int:
    """0 is the arbiter's agent. Raises UsageError FW-USE-007."""
    if not text.isascii() or not text.isdigit() or int(text) > 2**31 - 1:
        raise UsageError("FW-USE-007", found=text[:40])
    return int(text)
