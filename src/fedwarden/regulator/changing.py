"""A deployment becomes another one: agents are added, moved, restarted, taken out; or all stays as it was."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from fedwarden.common.api import JobSpec
from fedwarden.common.errors import DeployError, FedwardenError
from fedwarden.engines.base import Change, Engine, Member, Site
from fedwarden.regulator.desk import Desk, site_of
from fedwarden.regulator.ending import end_jobs
from fedwarden.regulator.gone import keep_gone, last_heads, note_gone
from fedwarden.regulator.job_ids import next_job_id
from fedwarden.regulator.planning import Plan
from fedwarden.regulator.publishing import write_published
from fedwarden.regulator.store import all_of, audit, now
from fedwarden.regulator.tables import BindingRow, DeploymentRow, JobRow, ModelRow, PartyRow, UploadRow
from fedwarden.regulator.together import prove
from fedwarden.regulator.wanted import Wanted

#: In ``DeploymentRow.plan``: agents that still have to be removed, whether a change was killed or a host was down.
LEAVING = "leaving"


def carry_out(desk: Desk, engine: Engine, plan: Plan) -> Site:
    """Raises DeployError FW-DEP-009, -010, -442, RemoteError; then everything is as before. Agents that leave are ended
    last, when all others have added securely together; where that is not possible yet, a notice says so."""
    if plan.busy:
        raise DeployError("FW-DEP-442", jobs=plan.busy)
    change = _woken(engine, plan)
    _leave(desk, plan.deployment, [change.after.member(party) for party in change.create])
    try:
        site = engine.change(change)
        with desk.store.begin() as session:
            job_id = next_job_id(session)
        total = prove(desk, engine, site, job_id)
        parties = [member.party for member in plan.gone]
        if parties:
            with desk.store.begin() as session:
                row = session.get_one(DeploymentRow, plan.deployment)
            end_jobs(desk, row, set(parties))
            last_heads(desk, engine, site_of(row), parties)
    except BaseException:
        _undo(desk, engine, plan, change)
        raise
    _record(desk, plan, site, total)
    write_published(desk)
    finish_leaving(desk)
    engine.settle(site)
    return site


def _woken(engine: Engine, plan: Plan) -> Change:
    """The plan's change, after its dead agents were started; a port of theirs may be another one now."""
    assert plan.change is not None
    dead = [step.party for step in plan.steps if step.action == "start"]
    if not dead:
        return plan.change
    before = plan.change.before
    part = Site(deployment=before.deployment, members=[it for it in before.members if it.party in dead])
    now_there = {member.party: member for member in engine.wake(part)[0].members}

    def renewed(member: Member) -> Member:
        found = now_there.get(member.party)
        return member if found is None else replace(found, details=member.details)

    sites = [replace(site, members=[renewed(it) for it in site.members]) for site in (before, plan.change.after)]
    return replace(plan.change, before=sites[0], after=sites[1])


def _undo(desk: Desk, engine: Engine, plan: Plan, change: Change) -> None:
    try:
        hosts = engine.undo(change)
        _leave(desk, plan.deployment, [])
        if hosts:
            desk.note("FW-NOTE-440", hosts=hosts)
    except FedwardenError as left:  # stays on record, for the next deploy or delete that reaches it
        desk.note("FW-NOTE-162", deployed=plan.deployment, why=left.message())


def fill(party: PartyRow, member: Member) -> PartyRow:
    """The row says what the member says."""
    party.ip, party.home = member.host, member.home
    party.control_port, party.data_port = member.control_port, member.data_port
    party.serving_port, party.fingerprint = member.serving_port, member.fingerprint
    party.details = member.details
    return party


def name(desk: Desk, deployment: str, wanted: Wanted) -> None:
    """A deployment made by words belongs to the file that describes it from now on."""
    with desk.store.begin() as session:
        row = session.get_one(DeploymentRow, deployment)
        if wanted.name and row.plan.get("name") != wanted.name:
            row.plan = {**row.plan, "name": wanted.name}
            audit(session, "name deployment", deployment, name=wanted.name)


def _record(desk: Desk, plan: Plan, site: Site, total: dict[str, object]) -> None:
    with desk.store.begin() as session:
        row = session.get_one(DeploymentRow, plan.deployment)
        there = {party.party: party for party in row.parties}
        for member in site.members:
            if member.party in there:
                fill(there.pop(member.party), member)
            else:
                row.parties.append(fill(PartyRow(party=member.party), member))
        for party in there.values():
            if not party.details.get("left"):  # who left by its own hand stays on record as gone
                row.parties.remove(party)
        named = {"name": plan.wanted.name} if plan.wanted.name else {}
        row.plan = {**row.plan, **named, LEAVING: msgspec.to_builtins(plan.gone)}
        gone = {member.party for member in plan.gone}
        lost: list[str] = []
        for job in all_of(session, JobRow, JobRow.deployment_id == row.id):
            if gone & {peer.party for peer in msgspec.convert(job.spec, JobSpec).roles}:
                for model in all_of(session, ModelRow, ModelRow.version == job.id, ModelRow.deleted.is_(None)):
                    model.deleted = now()
                    lost.append(model.version)
                    for binding in all_of(session, BindingRow, BindingRow.version == model.version):
                        session.delete(binding)
        for upload in all_of(session, UploadRow, UploadRow.deployment_id == row.id, UploadRow.replaced.is_(None)):
            if gone & {role.party for role in upload.roles}:
                upload.replaced = now()
                lost.append(upload.project)
        steps = [f"{step.action} {step.party}" for step in plan.steps if step.action != "keep"]
        audit(session, "change deployment", row.id, steps=steps, secure_addition=total)
        note_gone(session, row.id, plan.gone)
    if lost:
        desk.note("FW-NOTE-443", parties=sorted(gone), models=lost)


def _leave(desk: Desk, deployment: str, members: list[Member]) -> None:
    with desk.store.begin() as session:
        row = session.get_one(DeploymentRow, deployment)
        row.plan = {**row.plan, LEAVING: msgspec.to_builtins(members)}


def finish_leaving(desk: Desk) -> None:
    """Removes agents that no deployment wants any more; one on a host that does not answer waits for the next time."""
    with desk.store.begin() as session:
        rows = all_of(session, DeploymentRow, DeploymentRow.state == "deployed")
    for row in rows:
        members = msgspec.convert(row.plan.get(LEAVING) or [], list[Member])
        if not members:
            continue
        engine = desk.engine(row.engine)
        unkept = keep_gone(desk, engine, row.id, members)
        left = engine.remove(members)
        _leave(desk, row.id, [member for member in members if member.party in left])
        for member in members:
            if member.party in left:
                desk.note("FW-NOTE-442", host=member.host, party=member.party, why=left[member.party].message())
            elif member.party in unkept:
                desk.note("FW-NOTE-770", party=member.party)


def members_of(row: DeploymentRow) -> list[Member]:
    """Every agent of a deployment, those that should be gone already included."""
    return [*site_of(row).members, *msgspec.convert(row.plan.get(LEAVING) or [], list[Member])]
