"""Agents' audit logs outlive the agents: copied here before a deployment is deleted or a party leaves it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy.orm import Session

from fedwarden.common.errors import FedwardenError
from fedwarden.common.files import write_atomic
from fedwarden.engines.base import Engine, Member, Site
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.heads import swap_heads
from fedwarden.regulator.store import audit

#: The action of a row that says under which names the logs of agents are kept that left a deployment which stays.
GONE = "agents gone"


def keep(desk: Desk, engine: Engine, site: Site) -> list[int]:
    """Copies every agent's log to ``audit/`` before a deployment is deleted; the parties whose log could not be had."""
    missed = list(swap_heads(desk, engine, site, site.deployment))
    there = [member for member in site.members if member.party not in missed]
    names = {member.party: f"party-{member.party}" for member in there}
    return missed + _copy(desk, engine, replace(site, members=there), names)


def last_heads(desk: Desk, engine: Engine, site: Site, parties: Sequence[int]) -> None:
    """Notes the heads of agents that are about to leave ``site``: with them their logs can be judged later on."""
    leaving = [member for member in site.members if member.party in parties and member.fingerprint]
    if leaving:
        swap_heads(desk, engine, replace(site, members=leaving), site.deployment)


def note_gone(session: Session, deployment: str, members: Sequence[Member]) -> None:
    """In the transaction that takes ``members`` out: from here on another agent may bear the same party's number."""
    names = {str(member.party): _name(member) for member in members if member.fingerprint}
    if names:
        audit(session, GONE, deployment, deployment=deployment, kept=names)


def keep_gone(desk: Desk, engine: Engine, deployment: str, members: Sequence[Member]) -> list[int]:
    """Copies the logs of agents that left ``deployment``; the parties whose log could not be had. May be repeated."""
    known = [member for member in members if member.fingerprint]  # the others never were part of it
    names = {member.party: _name(member) for member in known}
    return _copy(desk, engine, Site(deployment=deployment, members=known), names)


def _name(member: Member) -> str:
    """By the key as well: a party may come again, or move, with another agent."""
    return f"party-{member.party}-{member.fingerprint[:8]}"


def _copy(desk: Desk, engine: Engine, site: Site, names: dict[int, str]) -> list[int]:
    missed = []
    for member in site.members:
        path = desk.places.audit / site.deployment / f"{names[member.party]}.jsonl"
        try:
            text = engine.audit_log(site, member.party)
        except FedwardenError:
            if not path.exists():
                missed.append(member.party)
            continue
        if text:
            write_atomic(path, text)
    return missed
