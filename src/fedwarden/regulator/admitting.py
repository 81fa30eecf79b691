"""A party that joined becomes one of the current deployment, and leaves it again."""

from __future__ import annotations

from msgspec.structs import replace

from fedwarden.common.errors import IdentityError, JobError, UsageError
from fedwarden.common.membership import Arrival, Farewell, Welcome
from fedwarden.engines.base import Member, Site
from fedwarden.engines.native.membership import MembershipCalls
from fedwarden.regulator import certificates
from fedwarden.regulator.addresses import ipv4
from fedwarden.regulator.deployments import CURRENT
from fedwarden.regulator.desk import Desk, site_of
from fedwarden.regulator.following import ask_and_store, spec_of, store_failed
from fedwarden.regulator.gone import keep_gone, last_heads, note_gone
from fedwarden.regulator.invitations import of_party
from fedwarden.regulator.job_ids import next_job_id
from fedwarden.regulator.own_hand import member_of
from fedwarden.regulator.store import all_of, audit, get_meta, now
from fedwarden.regulator.tables import DeploymentRow, InvitationRow, JobRow, PartyRow
from fedwarden.regulator.together import prove


def arrive(desk: Desk, party: int, key: str, arrival: Arrival) -> Welcome:
    """The agent of an approved party listens: it is asked, introduced to all agents of the current deployment, and adds
    numbers with them. Without a native deployment it waits for `deploy`. May be repeated.

    Raises IdentityError FW-ID-531 (nobody approved that key), LinkError (its control port cannot be reached from here),
    DeployError FW-DEP-009, -010 (the addition failed): then it is no part of the deployment.
    """
    _check_place(arrival)
    with desk.changing():
        with desk.store.begin() as session:
            row = of_party(session, party, "approved", "joined")
            if row is None or row.fingerprint != key:
                raise IdentityError("FW-ID-531", party=party, fingerprint=key)
            deployment = session.get(DeploymentRow, get_meta(session, CURRENT) or "")
        calls = MembershipCalls(desk.credentials)
        member = member_of(party, key, arrival)
        calls.health(Site(deployment="", members=[member]), party)
        if deployment is None or deployment.engine != "native" or deployment.state != "deployed":
            _record(desk, row, arrival, "")
            return Welcome()
        site = desk.wake(site_of(deployment), desk.engine("native"))
        grown = replace(site, members=[*(one for one in site.members if one.party != party), member])
        certificates.bring_up_to_date(desk, grown)
        peers = calls.introduce(grown, party)
        with desk.store.begin() as session:
            job_id = next_job_id(session)
        checked = bool(prove(desk, desk.engine("native"), grown, job_id))
        _record(desk, row, arrival, deployment.id)
        return Welcome(deployment=deployment.id, peers=peers, checked=checked)


def _check_place(arrival: Arrival) -> None:
    """It is dialled, told to every other party and shown to people. Raises UsageError FW-USE-010, -062."""
    ipv4(arrival.host)
    for port in (arrival.control_port, arrival.data_port, arrival.serving_port):
        if not 0 < port < 65536:
            raise UsageError("FW-USE-062", what="port", found=str(port)[:20])


def _record(desk: Desk, row: InvitationRow, arrival: Arrival, deployment: str) -> None:
    member = member_of(row.party, row.fingerprint, arrival)
    where = {name: getattr(arrival, name) for name in arrival.__struct_fields__}
    with desk.store.begin() as session:
        kept = session.get_one(InvitationRow, row.id)
        kept.state, kept.details = "joined", {**kept.details, **where, "joined": now()}
        if deployment:
            there = session.get(PartyRow, (deployment, row.party))
            if there is not None:
                session.delete(there)
                session.flush()
            session.add(party_row(deployment, member))
        audit(session, "joined", row.id, party=row.party, deployment=deployment, fingerprint=row.fingerprint, **where)


def party_row(deployment: str, member: Member) -> PartyRow:
    return PartyRow(
        deployment_id=deployment,
        party=member.party,
        ip=member.host,
        home=member.home,
        control_port=member.control_port,
        data_port=member.data_port,
        serving_port=member.serving_port,
        fingerprint=member.fingerprint,
        details=member.details,
    )


def leave(desk: Desk, party: int, key: str) -> Farewell:
    """The party goes: jobs that need it end as failed, its key is revoked, its name stays on record as gone.

    Raises IdentityError FW-ID-531 when that key is not a joined party's.
    """
    with desk.changing():
        with desk.store.begin() as session:
            row = of_party(session, party, "approved", "joined")
            if row is None or row.fingerprint != key:
                raise IdentityError("FW-ID-531", party=party, fingerprint=key)
            rows = [it for it in all_of(session, DeploymentRow) if any(_is(one, party, key) for one in it.parties)]
        ended = [job for one in rows for job in _end_jobs(desk, one, party)]
        unkept = [one.id for one in rows if _keep_log(desk, one, party)]
        gone = now()
        with desk.store.begin() as session:
            session.get_one(InvitationRow, row.id).state = "left"
            for one in rows:
                kept = session.get_one(PartyRow, (one.id, party))
                note_gone(session, one.id, [site_of(one).member(party)])
                kept.details = {**kept.details, "left": gone}
            audit(session, "left", row.id, party=party, ended=ended, audit_logs_not_kept=unkept)
        certificates.revoke_keys(desk, {key: f"fedwarden:party:{party}"})
    return Farewell(party=party, left=gone, ended=ended)


def _keep_log(desk: Desk, row: DeploymentRow, party: int) -> bool:
    """While its agent still answers; whether its log could not be had."""
    if row.state != "deployed":
        return True
    engine, site = desk.engine(row.engine), site_of(row)
    last_heads(desk, engine, site, [party])
    return bool(keep_gone(desk, engine, row.id, [site.member(party)]))


def _is(row: PartyRow, party: int, key: str) -> bool:
    return row.party == party and row.fingerprint == key and not row.details.get("left")


def _end_jobs(desk: Desk, row: DeploymentRow, party: int) -> list[str]:
    if row.state != "deployed":
        return []
    engine, site = desk.engine(row.engine), site_of(row)
    with desk.store.begin() as session:
        unfinished = all_of(session, JobRow, JobRow.deployment_id == row.id, JobRow.complete.is_(False))
    ended = []
    for job in unfinished:
        if party not in {peer.party for peer in spec_of(job).roles}:
            continue
        job, _ = ask_and_store(desk, engine, site, job)
        if not job.complete:
            engine.stop(site, spec_of(job), "FW-JOB-522")
            job, _ = ask_and_store(desk, engine, site, job)
            ended.append(job.id)
        if not job.complete:
            store_failed(desk, job, JobError("FW-JOB-522"))
    return ended
