"""The regulator's audit and its parties': read, compared with the heads that each noted of the other, kept."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from fedwarden.common.chain import AuditHead, AuditRecord
from fedwarden.common.chain_lines import read_lines
from fedwarden.common.damage import Damage, Witness, find_damage
from fedwarden.common.errors import FedwardenError, StateError, UsageError
from fedwarden.regulator.deployments import deployed
from fedwarden.regulator.desk import Desk, site_of
from fedwarden.regulator.gone import GONE
from fedwarden.regulator.heads import HEADS, NOTED, swap_heads
from fedwarden.regulator.store import all_of, audit
from fedwarden.regulator.tables import AuditRow, DeploymentRow

OWN = "regulator"
_CODES = {
    "changed": "FW-STATE-561",
    "dropped": "FW-STATE-562",
    "cut": "FW-STATE-563",
    "reordered": "FW-STATE-564",
    "inserted": "FW-STATE-565",
    "duplicated": "FW-STATE-566",
    "unreadable": "FW-STATE-567",
}


class Chain(NamedTuple):
    """One store's records as they stand there; ``why``: it could not be read."""

    store: str
    records: list[AuditRecord]
    unreadable: list[int]
    why: FedwardenError | None = None


class Verdict(NamedTuple):
    store: str
    records: int
    damage: list[FedwardenError]
    why: FedwardenError | None


def own_chain(session: Session) -> Chain:
    """Read column by column: a table that was tampered with may hold a number twice."""
    columns = (AuditRow.seq, AuditRow.at, AuditRow.actor, AuditRow.action, AuditRow.subject, AuditRow.details)
    rows = session.execute(select(*columns, AuditRow.previous, AuditRow.digest).order_by(AuditRow.seq))
    records = [
        AuditRecord(
            seq=seq,
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            details=details,
            previous=previous or "",
            digest=digest or "",
        )
        for seq, at, actor, action, subject, details, previous, digest in rows
    ]
    return Chain(OWN, records, [])


def own(desk: Desk) -> Chain:
    """Raises DeployError FW-DEP-001."""
    with desk.store.begin() as session:
        return own_chain(session)


def chains(desk: Desk, party: int | None = None) -> list[Chain]:
    """The regulator's chain, those of the agents that are deployed, and those kept of deployments that are gone.

    ``party``: only that one's. Raises DeployError FW-DEP-001, UsageError FW-USE-560 (no such party).
    """
    with desk.changing():
        with desk.store.begin() as session:
            rows = deployed(session)
        found = [chain for row in rows for chain in _agents(desk, row, party)]
    if party is not None:
        if not found:
            raise UsageError("FW-USE-560", party=party)
        return found
    return [own(desk), *found, *_kept(desk)]


def _agents(desk: Desk, row: DeploymentRow, only: int | None) -> list[Chain]:
    engine, site = desk.engine(row.engine), site_of(row)
    try:
        site = desk.wake(site, engine)
    except FedwardenError as error:
        desk.note("FW-NOTE-560", deployed=row.id, why=error.message())
    out = []
    for member in site.members:
        if only is None or member.party == only:
            store = f"{row.id}/party-{member.party}"
            try:
                text = engine.audit_log(site, member.party)
            except FedwardenError as error:
                out.append(Chain(store, [], [], error))
                continue
            if text is not None:
                out.append(Chain(store, *read_lines(text)))
    return out


def _kept(desk: Desk) -> list[Chain]:
    paths = sorted(desk.places.audit.glob("*/party-*.jsonl"))
    return [Chain(f"{path.parent.name}/{path.stem}", *read_lines(path.read_bytes())) for path in paths]


def verify(desk: Desk) -> list[Verdict]:
    """Judges every chain, and notes all heads anew. Raises DeployError FW-DEP-001."""
    out = judge(chains(desk))
    _note_verified(desk, out)
    return out


def judge(found: list[Chain]) -> list[Verdict]:
    """Each chain by itself and by the heads that the others noted of it; the first one is the regulator's."""
    mine, others = found[0], found[1:]
    seen: dict[str, list[Witness]] = {chain.store: [] for chain in found}
    for record in mine.records:
        if record.action == HEADS:
            for party, (seq, digest) in record.details.get("heads", {}).items():
                store = f"{record.details.get('deployment')}/party-{party}"
                seen.setdefault(store, []).append(Witness(OWN, AuditHead(seq, digest)))
        elif record.action == GONE:  # what was noted so far is of the agent that left; another may bear its number
            for party, name in record.details.get("kept", {}).items():
                deployment = record.details.get("deployment")
                before = seen.pop(f"{deployment}/party-{party}", [])
                seen.setdefault(f"{deployment}/{name}", []).extend(before)
    for chain in others:
        for record in chain.records:
            if record.action == NOTED and (head := _noted(record)) is not None:
                seen[OWN].append(Witness(chain.store, head))
    out = []
    for chain in found:
        damage = [] if chain.why else find_damage(chain.records, seen.get(chain.store, ()), chain.unreadable)
        out.append(Verdict(chain.store, len(chain.records), [_told(chain.store, it) for it in damage], chain.why))
    return out


def _noted(record: AuditRecord) -> AuditHead | None:
    """An agent's record is its own word: one that names no head is no witness."""
    try:
        return msgspec.convert({name: record.details.get(name) for name in ("seq", "digest")}, AuditHead)
    except msgspec.ValidationError:
        return None


def _note_verified(desk: Desk, verdicts: list[Verdict]) -> None:
    with desk.store.begin() as session:
        rows = deployed(session)
        damaged = {it.store: [error.code for error in it.damage] for it in verdicts if it.damage}
        audit(session, "audit verified", OWN, stores=len(verdicts), damaged=damaged)
    for row in rows:
        swap_heads(desk, desk.engine(row.engine), site_of(row), row.id)


def _told(store: str, damage: Damage) -> FedwardenError:
    records = str(damage.seq) if damage.seq == damage.last else f"{damage.seq}–{damage.last}"
    code = "FW-STATE-568" if damage.kind == "changed" and damage.witness else _CODES[damage.kind]
    return StateError(code, store=store, records=records, witness=damage.witness)


def of_job(desk: Desk, job_id: str) -> list[AuditRecord]:
    """The regulator's records about one job."""
    with desk.store.begin() as session:
        seqs = {row.seq for row in all_of(session, AuditRow, AuditRow.subject == job_id)}
        return [record for record in own_chain(session).records if record.seq in seqs]


def as_fields(verdicts: list[Verdict]) -> list[dict[str, Any]]:
    return [
        {
            "store": it.store,
            "records": it.records,
            "state": "unread" if it.why else "damaged" if it.damage else "whole",
            "damage": [{"code": e.code, "message": e.message(), **e.params} for e in it.damage],
            **({"code": it.why.code, "why": it.why.message()} if it.why else {}),
        }
        for it in verdicts
    ]
