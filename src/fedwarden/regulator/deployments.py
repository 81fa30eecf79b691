"""deploy: from ids and addresses to agents that have added numbers securely together."""

from __future__ import annotations

import time

from msgspec.structs import replace
from sqlalchemy.orm import Session

from fedwarden.common.api import JobSpec
from fedwarden.common.errors import DeployError, FedwardenError, RemoteError, UsageError
from fedwarden.engines import ways
from fedwarden.engines.base import Engine, Site, remote_home
from fedwarden.regulator.addresses import ipv4, is_own
from fedwarden.regulator.desk import Desk, shown, site_of
from fedwarden.regulator.job_ids import next_job_id
from fedwarden.regulator.merge import first_cause
from fedwarden.regulator.store import all_of, audit, get_meta, now, set_meta
from fedwarden.regulator.tables import DeploymentRow, PartyRow

CHECK_SECONDS = 90.0
CURRENT = "current_deployment"
#: The regulator's own arbiter stays on this machine, whatever addresses the parties have.
ARBITER_HOST = "127.0.0.1"
MAX_PARTIES = 60


def check_lists(ids: list[int], ips: list[str]) -> dict[int, str]:
    """Party id → address. Raises UsageError FW-USE-007 … -010."""
    if len(ids) != len(ips):
        raise UsageError("FW-USE-009", ids=len(ids), ips=len(ips))
    for party in ids:
        if not 1 <= party <= 2**31 - 1:
            raise UsageError("FW-USE-007", found=party)
        if ids.count(party) > 1:
            raise UsageError("FW-USE-008", party=party)
    if len(ids) > MAX_PARTIES:
        raise UsageError("FW-USE-018", what=f"{len(ids)} > {MAX_PARTIES}", instead=f"<= {MAX_PARTIES}")
    return {party: ipv4(ip) for party, ip in zip(ids, ips, strict=True)}


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
    """Deploys, or finds the same ids and addresses deployed and starts what is dead.

    Raises UsageError FW-USE-007 … -010, -017, -018; DeployError FW-DEP-002 (an id is deployed elsewhere), -003 (another
    host), -006 … -010. After a failure nothing of this run is left.
    """
    wanted = check_lists(ids, ips)
    engine = desk.engine(engine_name)
    for party, ip in wanted.items():
        if not is_own(ip) and not desk.access.can(ip):
            raise DeployError("FW-DEP-003", ip=ip, party=party)
    loopback = [ip for ip in wanted.values() if ip.startswith("127.")]
    if loopback and not all(is_own(ip) for ip in wanted.values()):
        raise DeployError("FW-DEP-200", ip=loopback[0])
    with desk.changing(create=True):
        with desk.store.begin() as session:
            rows = deployed(session)
            chosen = get_meta(session, CURRENT)
        same = next((row for row in rows if _addresses(row) == wanted), None)
        if same is not None:
            return _again(desk, engine, same, chosen)
        for row in rows:
            for party in sorted(wanted):
                if party in _addresses(row):
                    raise DeployError("FW-DEP-002", party=party, deployed=shown(row))
        site = _anew(desk, engine, wanted)
        if rows:
            desk.note("FW-NOTE-003", deployed="; ".join(shown(row) for row in rows))
        return site


def _addresses(row: DeploymentRow) -> dict[int, str]:
    return {party.party: party.ip for party in row.parties if party.party}


def _again(desk: Desk, engine: Engine, row: DeploymentRow, chosen: str | None) -> Site:
    site = site_of(row)
    told = len(desk.notices)
    site = desk.wake(site, engine)
    if chosen != row.id:
        with desk.store.begin() as session:
            set_meta(session, CURRENT, row.id)
            audit(session, "choose deployment", row.id)
        desk.note("FW-NOTE-004", deployed=shown(row))
    elif len(desk.notices) == told:
        desk.note("FW-NOTE-002")
    return site


def _anew(desk: Desk, engine: Engine, wanted: dict[int, str]) -> Site:
    with desk.store.begin() as session:
        row = _planned(desk, session, wanted, engine)
    site = site_of(row)
    try:
        site = engine.deploy(site)
        with desk.store.begin() as session:
            job_id = next_job_id(session)
        total = check_together(engine, site, job_id)
        with desk.store.begin() as session:
            row = session.get_one(DeploymentRow, site.deployment)
            for party in row.parties:
                member = site.member(party.party)
                party.control_port, party.data_port = member.control_port, member.data_port
                party.serving_port, party.fingerprint = member.serving_port, member.fingerprint
                party.details = member.details
            row.state = "deployed"
            set_meta(session, CURRENT, row.id)
            keys = {str(member.party): member.fingerprint for member in site.members}
            audit(session, "deploy", row.id, parties=_addresses(row), keys=keys, secure_addition=total)
    except BaseException:
        try:
            take_back(desk, engine, site)
        except RemoteError as left:  # stays on record, for the next command that can log in there
            desk.note("FW-NOTE-162", deployed=site.deployment, why=left.message())
        raise
    return site


def _planned(desk: Desk, session: Session, wanted: dict[int, str], engine: Engine) -> DeploymentRow:
    """The plan is on record before anything is made, so that a killed deploy can be taken back."""
    name = next_name(desk, session)
    row = DeploymentRow(id=name, engine=engine.name, state="deploying", created=now(), ended=None, plan={}, parties=[])
    arbiter = [(0, ARBITER_HOST)] if engine.own_arbiter else []
    for party, ip in [*arbiter, *sorted(wanted.items())]:
        # -u never changes that a host is deployed to as root
        here = not party or is_own(ip)
        home = str(desk.places.party(name, party)) if here else remote_home("root", ip, 22, name, party)
        row.parties.append(
            PartyRow(
                party=party, ip=ip, home=home, control_port=0, data_port=0, serving_port=0, fingerprint="", details={}
            )
        )
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


def check_together(engine: Engine, site: Site, job_id: str) -> dict[str, object]:
    """A secure addition between all agents: the guest's result. Raises DeployError FW-DEP-009, -010."""
    parties = [member.party for member in site.members if member.party]
    # One party alone adds with itself; the arbiter's agent takes part in any case.
    roles = {"guest": parties[0]}
    hosts = parties[1:] or parties
    roles |= {f"host{k}": party for k, party in enumerate(hosts, 1)}
    roles["arbiter"] = 0 if engine.own_arbiter else engine.arbiter(site, parties[0], hosts)
    spec = JobSpec(
        job_id=job_id,
        project="deploy",
        algorithm="example",
        options=engine.options(site, "example", {}),
        roles=ways.job_peers(site, roles),
        role_datasets={},
        model_id="",
        privacy="sealed",
        created=now(),
        relay=ways.relay_place(site),
    )
    try:
        spec = replace(spec, job_id=engine.submit(site, spec).job_id)
        end = time.monotonic() + CHECK_SECONDS
        while True:
            found = engine.query(site, spec)
            lost = next((answer for answer in found if isinstance(answer, FedwardenError)), None)
            if lost is not None:
                raise lost
            statuses = [answer for answer in found if not isinstance(answer, FedwardenError)]
            if any(status.state == "failed" for status in statuses):
                cause = first_cause(statuses)
                raise FedwardenError.from_dict(cause or {})
            waiting = [f"{s.role} ({s.party}, {s.phase or s.state})" for s in statuses if s.state != "success"]
            if not waiting:
                return next(status.result for status in statuses if status.role == "guest")
            if time.monotonic() > end:
                engine.stop(site, spec, "FW-JOB-101")
                raise DeployError("FW-DEP-009", seconds=round(CHECK_SECONDS), waiting=waiting)
            time.sleep(0.05)
    except DeployError:
        raise
    except FedwardenError as error:
        raise DeployError("FW-DEP-010", why=error.message()) from error
