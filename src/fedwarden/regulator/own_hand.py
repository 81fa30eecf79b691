"""Parties of a plan that run their own agents: who has joined is placed, and of the others it is told what they wait
for. Their agents are asked how they are; nothing else of theirs is the regulator's to do."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

import fedwarden
from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import DeployError, FedwardenError, UsageError
from fedwarden.common.membership import Arrival
from fedwarden.engines.base import Engine, Member, Site, joined_home
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.invitations import of_party, shown
from fedwarden.regulator.tables import InvitationRow
from fedwarden.regulator.wanted import Entry, Wanted

#: What a party that is not there yet waits for, by the state of its newest invitation.
_STEPS = {"open": "FW-DEP-741", "asked": "FW-DEP-742", "approved": "FW-DEP-743"}


def placed(desk: Desk, wanted: Wanted) -> tuple[Wanted, dict[int, FedwardenError]]:
    """``wanted`` with the agents of those that have joined, and party → the step that is missing of the others.

    Raises UsageError FW-USE-018 where the engine knows no parties of their own hand.
    """
    if not any(entry.join for entry in wanted.entries):
        return wanted, {}
    if wanted.engine != "native":
        raise UsageError("FW-USE-018", what=f"join: true, engine: {wanted.engine}", instead="engine: native")
    entries: list[Entry] = []
    missing: dict[int, FedwardenError] = {}
    for entry in wanted.entries:
        row = _invitation(desk, entry.party) if entry.join else None
        if row is not None and row.state == "joined":
            joined = member_of(row.party, row.fingerprint, msgspec.convert(row.details, Arrival))
            if entry.ip and entry.ip != joined.host:
                missing[entry.party] = DeployError(
                    "FW-DEP-746", party=entry.party, wanted=entry.ip, found=joined.host, id=row.id
                )
            entry = replace(entry, ip=joined.host, joined=joined)
        elif entry.join:
            missing[entry.party] = _next_step(entry.party, row)
        entries.append(entry)
    return replace(wanted, entries=entries), missing


def member_of(party: int, key: str, arrival: Arrival) -> Member:
    """The agent that joined, where it said it is."""
    return Member(
        party=party,
        host=arrival.host,
        home=joined_home(party, arrival.host, arrival.control_port),
        control_port=arrival.control_port,
        data_port=arrival.data_port,
        serving_port=arrival.serving_port,
        fingerprint=key,
    )


def look(engine: Engine, wanted: Wanted) -> dict[int, AgentInfo | FedwardenError]:
    """What the agents of those that have joined say of themselves."""
    members = [replace(entry.joined, details=entry.details) for entry in wanted.entries if entry.joined is not None]
    return engine.look(Site(deployment="", members=members)) if members else {}


def unfit(infos: Mapping[int, AgentInfo | FedwardenError], wanted: Wanted) -> dict[int, FedwardenError]:
    """Party → why its agent cannot be part of a deployment: it does not answer, or is of another version."""
    found: dict[int, FedwardenError] = {}
    for entry in wanted.entries:
        info = infos.get(entry.party)
        if entry.joined is None or info is None:
            continue
        if isinstance(info, FedwardenError):
            place = f"{entry.joined.host}:{entry.joined.control_port}"
            found[entry.party] = DeployError("FW-DEP-744", party=entry.party, place=place, why=info.message())
        elif info.version != fedwarden.__version__:
            found[entry.party] = DeployError(
                "FW-DEP-745", party=entry.party, found=info.version, own=fedwarden.__version__
            )
    return found


def _invitation(desk: Desk, party: int) -> InvitationRow | None:
    """The newest one, whatever has become of it."""
    if not desk.places.store.exists():
        return None
    with desk.store.begin() as session:
        return of_party(session, party, "open", "asked", "approved", "joined", "left", "withdrawn")


def _next_step(party: int, row: InvitationRow | None) -> FedwardenError:
    code = _STEPS.get(str(shown(row)["state"])) if row is not None else None
    if row is None or code is None:
        return DeployError("FW-DEP-740", party=party)
    return DeployError(code, party=party, id=row.id, expires=row.expires)
