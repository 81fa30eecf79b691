"""The plan of a deploy: what is there beside what is wanted, agent by agent. Nothing is changed here."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import DeployError, FedwardenError
from fedwarden.common.release import release
from fedwarden.engines import ways
from fedwarden.engines.base import Change, Engine, Member, Site
from fedwarden.regulator import own_hand
from fedwarden.regulator.desk import Desk, addresses, shown, site_of
from fedwarden.regulator.store import all_of
from fedwarden.regulator.tables import DeploymentRow
from fedwarden.regulator.wanted import OWN_DETAILS, Wanted, check_reachable

Action = Literal["create", "admit", "keep", "start", "change", "remove", "wait"]
#: What an agent has to be started anew for; of other things it is told, or only the regulator needs them.
_RESTARTING = ("address", "bind", "data_bind", "ports", "release")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one agent. ``why``: what a change is about."""

    action: Action
    party: int
    host: str
    why: list[str] = []


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``deployment`` is empty for a new one. ``change`` is what an existing one goes through; ``busy`` names jobs that
    its restarts would end; ``missing``: of parties that run their own agents, what stands in the way."""

    wanted: Wanted
    deployment: str = ""
    steps: list[Step]
    change: Change | None = None
    gone: list[Member] = []
    busy: list[str] = []
    missing: dict[int, FedwardenError] = {}

    @property
    def changed(self) -> int:
        return sum(step.action != "keep" for step in self.steps)


def make(desk: Desk, wanted: Wanted) -> Plan:
    """Asks every agent of the deployment that ``wanted`` names; call with the lock held where it will be executed.

    Raises UsageError FW-USE-017, -018; DeployError FW-DEP-002 (an id is deployed elsewhere), -200, -440 (another
    engine), -747 (a party that joined by its own hand is to be deployed).
    """
    engine = desk.engine(wanted.engine)
    if not engine.own_arbiter:
        wanted = replace(wanted, entries=[entry for entry in wanted.entries if entry.party])
    wanted, missing = own_hand.placed(desk, wanted)
    check_reachable(wanted)
    infos = own_hand.look(engine, wanted)
    missing = own_hand.unfit(infos, wanted) | missing
    rows = _deployed(desk)
    row = _same(wanted, rows)
    for other in rows:
        for party in wanted.addresses:
            if other is not row and party in addresses(other):
                raise DeployError("FW-DEP-002", party=party, deployed=shown(other))
    if row is None:
        steps = [_new(entry.party, entry.ip, entry.join, missing) for entry in wanted.entries]
        return Plan(wanted=wanted, steps=steps, missing=missing)
    if row.engine != wanted.engine:
        raise DeployError("FW-DEP-440", name=wanted.name or shown(row), found=row.engine, wanted=wanted.engine)
    return _compared(desk, engine, wanted, row, missing)


def _new(party: int, host: str, join: bool, missing: dict[int, FedwardenError]) -> Step:
    if party in missing:
        return Step(action="wait", party=party, host=host, why=[missing[party].code])
    return Step(action="admit" if join else "create", party=party, host=host)


def _deployed(desk: Desk) -> list[DeploymentRow]:
    if not desk.places.store.exists():
        return []
    with desk.store.begin() as session:
        return all_of(session, DeploymentRow, DeploymentRow.state == "deployed", order=DeploymentRow.created)


def _same(wanted: Wanted, rows: list[DeploymentRow]) -> DeploymentRow | None:
    """By the name of a file; else by ids and addresses, as words say them."""
    named = next((row for row in rows if wanted.name and row.plan.get("name") == wanted.name), None)
    if named is not None:
        return named
    alike = [
        row
        for row in rows
        if wanted.addresses == addresses(row) or (wanted.reached and wanted.reached == addresses(row, joined=False))
    ]
    return next((row for row in alike if not wanted.name or not row.plan.get("name")), None)


def _compared(
    desk: Desk, engine: Engine, wanted: Wanted, row: DeploymentRow, missing: dict[int, FedwardenError]
) -> Plan:
    before = site_of(row)
    infos = engine.look(before)
    there = {member.party: member for member in before.members}
    steps: list[Step] = []
    after: list[Member] = []
    moved: list[Member] = []
    waiting = [entry for entry in wanted.entries if entry.party in missing]
    there_will = [entry for entry in wanted.entries if entry.party not in missing]
    site = Site(deployment=row.id, members=[entry.member(desk.places, row.id) for entry in there_will])
    for entry in waiting:
        steps.append(_new(entry.party, entry.ip, True, missing))
        if entry.party in there:
            after.append(there.pop(entry.party))
    for new in (ways.with_arbiter(site) if engine.own_arbiter else site).members:
        old = there.pop(new.party, None)
        if old is not None and not wanted.name:  # found by its ids and addresses; words say nothing about the rest
            new = old
        if old is not None and old.joined and not new.joined:
            raise DeployError("FW-DEP-747", party=old.party)
        if old is not None and old.home != new.home:
            moved.append(old)
            steps.append(Step(action="remove", party=old.party, host=old.host, why=["moves"]))
            old = None
        if old is None:
            steps.append(_new(new.party, new.host, new.joined, {}))
            after.append(new)
            continue
        why = _differences(old, new)
        info = infos[old.party]
        older = engine.own_code and isinstance(info, AgentInfo) and info.release != release()
        if older and not old.joined:
            why.append("release")
        dead = isinstance(info, FedwardenError) and not old.joined
        action: Action = "change" if why else "start" if dead else "keep"
        steps.append(Step(action=action, party=new.party, host=new.host, why=why))
        ports = {} if {"address", "ports"} & set(why) else _ports(old)
        kept = {name: value for name, value in old.details.items() if name not in OWN_DETAILS}
        after.append(replace(new, details=kept | new.details, fingerprint=old.fingerprint, **ports))
    for own in [member for member in there.values() if member.joined]:  # no deploy takes out who came by its own hand
        after.append(there.pop(own.party))
        steps.append(Step(action="keep", party=own.party, host=own.host))
    steps += [Step(action="remove", party=old.party, host=old.host) for old in there.values()]
    gone = [*moved, *there.values()]
    restart = [step.party for step in steps if step.action == "change" and _restarts(step)]
    change = Change(
        before=before,
        after=Site(deployment=row.id, members=after),
        create=[step.party for step in steps if step.action in ("create", "admit")],
        restart=restart,
        # those that are made too: a change that was killed may have told others of an earlier key
        forget=sorted(
            {member.party for member in gone} | {it.party for it in steps if it.action in ("create", "admit")}
        ),
    )
    busy = [job for party in restart if isinstance(it := infos[party], AgentInfo) for job in it.busy]
    return Plan(
        wanted=wanted,
        deployment=row.id,
        steps=sorted(steps, key=lambda step: step.party),
        change=change,
        gone=gone,
        busy=sorted(set(busy)),
        missing=missing,
    )


def _restarts(step: Step) -> bool:
    """The arbiter's agent is the relay as well, where there is one."""
    return bool(set(step.why) & set(_RESTARTING)) or (step.party == ways.ARBITER and "relay" in step.why)


def _ports(member: Member) -> dict[str, int]:
    return {name: getattr(member, name) for name in ("control_port", "data_port", "serving_port")}


def _differences(old: Member, new: Member) -> list[str]:
    why = [name for name in OWN_DETAILS if old.details.get(name) != new.details.get(name)]
    if old.host != new.host:
        why.insert(0, "address")
    return why


def summary(plan: Plan) -> dict[str, Any]:
    """The plan as strict JSON says it."""
    return {
        "deployment": plan.deployment,
        "steps": msgspec.to_builtins(plan.steps),
        "changed": plan.changed,
        "missing": [
            {"party": party, "code": error.code, "message": error.message(), "fix": error.fix()}
            for party, error in sorted(plan.missing.items())
        ],
    }
