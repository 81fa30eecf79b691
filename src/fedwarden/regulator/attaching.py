"""attach: FATE clusters that already run become a deployment, party by party; detach forgets them again."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from fedwarden.common.errors import DeployError, UsageError
from fedwarden.engines.fate.attach import look
from fedwarden.engines.fate.http import base_address
from fedwarden.engines.fate.parties import FateParty, details_of, party_of
from fedwarden.regulator.addresses import is_own
from fedwarden.regulator.deletion import forget
from fedwarden.regulator.deployments import CURRENT, deployed, next_name
from fedwarden.regulator.desk import Desk, shown, site_of
from fedwarden.regulator.following import ask_and_store
from fedwarden.regulator.publishing import write_published
from fedwarden.regulator.site_file import SiteFile
from fedwarden.regulator.store import all_of, audit, get_meta, now, set_meta
from fedwarden.regulator.tables import DeploymentRow, JobRow, PartyRow, UploadRow

_PLACE = re.compile(r"(?:([\w.-]+)@)?([\w.-]+)(?::(\d{1,5}))?", re.ASCII)
#: What ``parties.home`` says of a party that we have not made.
HOME = "attached"


class Cluster(NamedTuple):
    """One party's FATE as a person names it; ``version`` "auto": whatever FATE-Flow says."""

    party: int
    flow: str
    serving: str = ""
    ssh: str = ""
    lookup: str = ""
    version: str = "auto"
    login: dict[str, Any] = {}  # noqa: RUF012 - ``key`` and ``password_from`` of the SSH host


def of_file(file: SiteFile, path: str) -> list[Cluster]:
    """The parties of fedwarden.yaml, each with its ``fate: {flow, serving, lookup, version}``. An address on loopback
    is that of the party's host, reached over SSH. Raises UsageError FW-USE-607, -608."""
    if file.engine != "fate":
        raise UsageError("FW-USE-607", path=path, engine=file.engine)
    clusters = []
    for place, one in enumerate(file.parties, 1):
        told = {name: str(value) for name, value in {**file.fate, **one.fate}.items()}
        if not told.get("flow"):
            raise UsageError("FW-USE-608", path=path, key=f"parties[{place}].fate.flow")
        loopback = urllib.parse.urlsplit(base_address(told["flow"], "flow")).hostname in ("localhost", "127.0.0.1")
        ssh = f"{one.user}@{one.host}:{one.port}" if loopback and not is_own(one.host) else ""
        login = {name: value for name in ("key", "password_from") if (value := getattr(one, name))} if ssh else {}
        given = {name: told.get(name, "") for name in ("flow", "serving", "lookup")}
        clusters.append(Cluster(one.id, ssh=ssh, login=login, version=told.get("version", "auto"), **given))
    return clusters


def place_of(text: str) -> str:
    """``user@host:port`` (root and 22 where they are left out). Raises UsageError FW-USE-602."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise UsageError("FW-USE-602", found=text[:80])
    return f"{found[1] or 'root'}@{found[2]}:{found[3] or 22}"


def attach(desk: Desk, clusters: list[Cluster]) -> DeploymentRow:
    """Adds the parties to the current deployment when that is attached too, else begins a new one.

    Raises UsageError FW-USE-007, -600, -602, -603; DeployError FW-DEP-002, -601, -603; LinkError; then nothing has
    changed.
    """
    with desk.changing(create=True):
        looked = {it.party: (it, _looked_at(desk, it)) for it in clusters}
        with desk.store.begin() as session:
            row = _deployment(desk, session)
            known = {party.party: party for party in row.parties}
            versions = {party_of(member).version for member in site_of(row).members if member.party not in looked}
            versions |= {found.version for _, found in looked.values()}
            if len(versions) > 1:
                raise DeployError("FW-DEP-603", versions=sorted(versions))
            for other in deployed(session):
                taken = {party.party for party in other.parties if party.party} if other.id != row.id else set()
                for number in sorted(taken & set(looked)):
                    raise DeployError("FW-DEP-002", party=number, deployed=shown(other))
            for number, (cluster, found) in looked.items():
                if number in known:
                    row.parties.remove(known[number])
                    session.flush()
                row.parties.append(_party(cluster, found))
            row.parties.sort(key=lambda party: party.party)
            set_meta(session, CURRENT, row.id)
            audit(session, "attach", row.id, parties={str(n): found.flow for n, (_, found) in looked.items()})
        write_published(desk)
    return row


def _looked_at(desk: Desk, cluster: Cluster) -> FateParty:
    if not 1 <= cluster.party <= 2**31 - 1:
        raise UsageError("FW-USE-007", found=cluster.party)
    flow = base_address(cluster.flow, "--flow")
    serving = base_address(cluster.serving, "--serving") if cluster.serving else ""
    party = FateParty(
        version="", flow=flow, serving=serving, ssh=place_of(cluster.ssh) if cluster.ssh else "", attached=True
    )
    party.lookup, party.login = cluster.lookup, cluster.login
    return look(desk.places.home, lambda: desk.access, desk.note, cluster.party, party, cluster.version)


def _deployment(desk: Desk, session: Session) -> DeploymentRow:
    """The current deployment when it is attached, or a new one."""
    row = session.get(DeploymentRow, get_meta(session, CURRENT) or "")
    if row is not None and row.state == "deployed" and row.engine == "fate" and row.plan.get("attached"):
        return row
    name = next_name(desk, session)
    desk.places.deployments.joinpath(name).mkdir(parents=True, exist_ok=True, mode=0o700)
    row = DeploymentRow(
        id=name, engine="fate", state="deployed", created=now(), ended=None, plan={"attached": True}, parties=[]
    )
    session.add(row)
    return row


def _party(cluster: Cluster, found: FateParty) -> PartyRow:
    where = urllib.parse.urlsplit(found.flow)
    host = found.ssh.rpartition("@")[2].rpartition(":")[0] or where.hostname or ""
    return PartyRow(
        party=cluster.party,
        ip=host,
        home=HOME,
        control_port=where.port or 0,
        data_port=0,
        serving_port=urllib.parse.urlsplit(found.serving).port or 0,
        fingerprint="",
        details=details_of(found),
    )


def detach(desk: Desk, *, drop: bool = False) -> str:
    """Forgets the current deployment when it is attached; its clusters run on. ``drop``: the tables that were read in
    through us are deleted there. Answers what it was.

    Raises DeployError FW-DEP-001, -605 (the current one is deployed, not attached).
    """
    with desk.changing():
        with desk.store.begin() as session:
            row = session.get(DeploymentRow, get_meta(session, CURRENT) or "")
        if row is None or row.state != "deployed":
            raise DeployError("FW-DEP-001")
        if not row.plan.get("attached"):
            raise DeployError("FW-DEP-605", deployed=shown(row))
        engine, site = desk.engine(row.engine), site_of(row)
        with desk.store.begin() as session:
            open_jobs = all_of(session, JobRow, JobRow.deployment_id == row.id, JobRow.complete.is_(False))
            uploads = all_of(session, UploadRow, UploadRow.deployment_id == row.id)
        for job in open_jobs:
            job, _ = ask_and_store(desk, engine, site, job)
            if not job.complete:
                desk.note("FW-NOTE-604", job=job.id)
        if drop:
            engine.forget(site, sorted({(it.party, it.dataset_id) for upload in uploads for it in upload.roles}))
        with desk.store.begin() as session:
            forget(desk, session, row.id)
            audit(session, "detach", row.id, dropped=drop)
        write_published(desk)
    return shown(row)
