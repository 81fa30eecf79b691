"""deploy: from what is wanted to agents that have added numbers securely together."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy.orm import Session

from fedwarden.common.errors import DeployError, FedwardenError, RemoteError, UsageError
from fedwarden.engines.base import Engine, Site
from fedwarden.regulator import changing, planning, recap
from fedwarden.regulator.addresses import is_own
from fedwarden.regulator.desk import Desk, addresses, shown, site_of
from fedwarden.regulator.job_ids import next_job_id
from fedwarden.regulator.planning import Plan, Step
from fedwarden.regulator.store import all_of, audit, get_meta, now, set_meta
from fedwarden.regulator.tables import DeploymentRow, PartyRow
from fedwarden.regulator.together import prove
from fedwarden.regulator.wanted import Wanted, of_lists

CURRENT = "current_deployment"


class Done(NamedTuple):
    """The deployment as it is now, and the plan that led there."""

    site: Site
    plan: Plan


def deployed(session: Session) -> list[DeploymentRow]:
    """Every deployment whose agents should run, oldest first."""
    return all_of(session, DeploymentRow, DeploymentRow.state == "deployed", order=DeploymentRow.created)


def current(session: Session) -> DeploymentRow:
    """Raises DeployError FW-DEP-001."""
    row = session.get(DeploymentRow, get_meta(session, CURRENT) or "")
    if row is None or row.state != "deployed":
        raise DeployError("FW-DEP-001")
    return row


def deploy(desk: Desk, ids: list[int], ips: list[str], engine_name: str = "native") -> Site:
    """:func:`apply` for the words of script.py: new ids and addresses are a new deployment."""
    return apply(desk, of_lists(ids, ips, engine_name)).site


def plan(desk: Desk, wanted: Wanted) -> Plan:
    """What :func:`apply` would do now. Changes nothing, and logs in nowhere."""
    return planning.make(desk, wanted)


def apply(desk: Desk, wanted: Wanted) -> Done:
    """Makes the plan and carries out exactly that one.

    Raises UsageError FW-USE-017, -018; DeployError FW-DEP-002 (an id is deployed elsewhere), -003 (nothing to log in
    with), -006 … -010, -200, -440, -442, -740 … -747; RemoteError. After a failure nothing of this run is left;
    ``desk.recap`` says which host it was.
    """
    if not desk.places.store.exists():  # a first deploy that cannot begin leaves not even the regulator's folder
        _check_can(desk, planning.make(desk, wanted))
    with desk.changing(create=True):
        changing.finish_leaving(desk)
        made = planning.make(desk, wanted)
        _check_can(desk, made)
        try:
            site, made = _carry_out(desk, made)
        except FedwardenError as error:
            desk.recap = recap.failed(made, error)
            raise
        desk.recap = recap.done(made)
        return Done(site, made)


def _check_can(desk: Desk, made: Plan) -> None:
    """Before anything is begun. Raises DeployError FW-DEP-003, or what a party that runs its own agent waits for."""
    for error in list(made.missing.values())[1:]:  # the first one is the command's failure
        desk.note(error.code, **error.params)
    for error in made.missing.values():
        raise error
    waiting = {step.party for step in made.steps if step.action not in ("keep", "remove")}
    for entry in made.wanted.entries:
        if entry.party not in waiting or entry.join or is_own(entry.ip):
            continue
        if not desk.access.can(entry.ip, entry.details.get("login")):
            raise DeployError("FW-DEP-003", ip=entry.ip, party=entry.party)


def _carry_out(desk: Desk, made: Plan) -> tuple[Site, Plan]:
    """The site, and the plan as it turned out: an engine of its own mind finds out on the hosts what has changed."""
    engine = desk.engine(made.wanted.engine)
    if not made.deployment:
        with desk.store.begin() as session:
            others = deployed(session)
        site = _anew(desk, engine, made)
        if others:
            desk.note("FW-NOTE-003", deployed="; ".join(shown(row) for row in others))
        return site, made
    with desk.store.begin() as session:
        row = session.get_one(DeploymentRow, made.deployment)
        chosen = get_meta(session, CURRENT)
    told = len(desk.notices)
    if engine.proves_itself:
        site, made = _renewed(desk, engine, site_of(row), made)
    elif {step.action for step in made.steps} <= {"keep", "start"}:
        site = desk.wake(site_of(row), engine)
        changing.name(desk, row.id, made.wanted)
    else:
        site = changing.carry_out(desk, engine, made)
    if chosen != row.id:
        with desk.store.begin() as session:
            set_meta(session, CURRENT, row.id)
            audit(session, "choose deployment", row.id)
        desk.note("FW-NOTE-004", deployed=shown(row))
    elif not made.changed and len(desk.notices) == told:
        desk.note("FW-NOTE-002")
    return site, made


def _renewed(desk: Desk, engine: Engine, site: Site, made: Plan) -> tuple[Site, Plan]:
    """The same parties, brought to what is asked for now; a second time nothing is changed.

    Raises UsageError FW-USE-018 when parties come or go.
    """
    after = made.change.after.members if made.change is not None else site.members
    if [(it.party, it.home) for it in after] != [(it.party, it.home) for it in site.members]:
        raise UsageError("FW-USE-018", what=f"engine: {engine.name}", instead="destroy, deploy")
    site = replace(site, members=after, plan=engine.planned(site.plan, desk.wishes))
    site, changed = engine.renew(site)
    with desk.store.begin() as session:
        row = session.get_one(DeploymentRow, site.deployment)
        for party in row.parties:
            changing.fill(party, site.member(party.party))
        row.plan = site.plan
        if changed:
            audit(session, "deploy", row.id, parties=addresses(row), changed=changed)
    steps = [
        Step(action="change" if member.party in changed else "keep", party=member.party, host=member.host)
        for member in site.members
    ]
    return site, replace(made, steps=steps)


def _anew(desk: Desk, engine: Engine, made: Plan) -> Site:
    with desk.store.begin() as session:
        row = _planned(desk, session, made.wanted)
    site = site_of(row)
    try:
        site = engine.deploy(site)
        total: dict[str, object] = {}
        if not engine.proves_itself:
            with desk.store.begin() as session:
                job_id = next_job_id(session)
            total = prove(desk, engine, site, job_id)
        with desk.store.begin() as session:
            row = session.get_one(DeploymentRow, site.deployment)
            for party in row.parties:
                changing.fill(party, site.member(party.party))
            row.state = "deployed"
            set_meta(session, CURRENT, row.id)
            keys = {str(member.party): member.fingerprint for member in site.members}
            audit(session, "deploy", row.id, parties=addresses(row), keys=keys, secure_addition=total)
    except BaseException:
        abroad = sorted({member.host for member in site.members if member.place})
        try:
            take_back(desk, engine, site)
            if abroad:
                desk.note("FW-NOTE-440", hosts=abroad)
        except RemoteError as left:  # stays on record, for the next command that can log in there
            desk.note("FW-NOTE-162", deployed=site.deployment, why=left.message())
        raise
    return site


def _planned(desk: Desk, session: Session, wanted: Wanted) -> DeploymentRow:
    """The plan is on record before anything is made, so that a killed deploy can be taken back."""
    name = next_name(desk, session)
    plan: dict[str, Any] = {"name": wanted.name} if wanted.name else {}
    plan = desk.engine(wanted.engine).planned(plan, desk.wishes)
    row = DeploymentRow(
        id=name, engine=wanted.engine, state="deploying", created=now(), ended=None, plan=plan, parties=[]
    )
    for entry in wanted.entries:
        row.parties.append(changing.fill(PartyRow(party=entry.party), entry.member(desk.places, name)))
    session.add(row)
    return row


def next_name(desk: Desk, session: Session) -> str:
    """The name of a new deployment: no folder that an earlier one left may be met again."""
    numbers = [int(row.id[1:]) for row in all_of(session, DeploymentRow)]
    taken = [int(path.name[1:]) for path in desk.places.deployments.glob("d*") if path.name[1:].isdigit()]
    return f"d{max([0, *numbers, *taken]) + 1}"


def take_back(desk: Desk, engine: Engine, site: Site) -> None:
    """Removes a deployment that never came to be: processes, folders, rows."""
    engine.delete(site)
    with desk.store.begin() as session:
        row = session.get(DeploymentRow, site.deployment)
        if row is not None:
            session.delete(row)
            audit(session, "deploy taken back", site.deployment)
