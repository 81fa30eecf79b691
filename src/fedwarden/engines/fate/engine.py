"""The fate engine adapter: FATE clusters, asked through their own FATE-Flow and FATE-Serving."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from fedwarden.common.api import (
    AgentInfo,
    Binding,
    BindRequest,
    Dataset,
    DatasetRequest,
    JobPeer,
    JobSpec,
    PredictAnswer,
    PredictRequest,
    RoleStatus,
)
from fedwarden.common.errors import DeployError, FedwardenError, JobError, LinkError, UsageError
from fedwarden.engines.base import Action, Engine, Handed, Member, Site
from fedwarden.engines.fate import batch, capabilities, jobs, options, publishing, records, uploading
from fedwarden.engines.fate.deploy.deployer import Deployer, check_wishes, wishes_from, wishes_of
from fedwarden.engines.fate.deploy.proof import prove
from fedwarden.engines.fate.deploy.staging import Staged
from fedwarden.engines.fate.flow import Row, Taken
from fedwarden.engines.fate.parties import FateParty, party_of
from fedwarden.engines.fate.reach import Reach
from fedwarden.engines.fate.staging import AsItIs, Staging
from fedwarden.engines.fate.tables import TableName
from fedwarden.engines.fate.versions import Version
from fedwarden.remote.access import Access

Note = Callable[..., None]
STOP_SECONDS = 60.0
#: Within this, a job that got lost on the way shows in FATE's list.
FIND_SECONDS = 10.0


class FateEngine(Engine):
    """``home`` is the regulator's folder; ``access`` what hosts are logged into with, asked for when it is needed."""

    name = "fate"
    privacy = "fate"
    own_arbiter = False
    proves_itself = True
    #: An archive of images that deploy brings along; whether delete destroys data too.
    images = ""
    purge = False

    def __init__(self, home: Path, access: Callable[[], Access], note: Note) -> None:
        self._home = home
        self._note = note
        self._reach = Reach(home, access)
        self._deployer = Deployer(home, access, self._say, note)
        self.say: Note = lambda code, **params: None  # tells a person at once what goes on

    def _say(self, code: str, **params: Any) -> None:
        self.say(code, **params)

    def close(self) -> None:
        self._reach.close()
        self._deployer.close()

    # --- what there is --------------------------------------------------------------------------------------------

    def version(self, site: Site) -> Version:
        return party_of(site.members[0]).described

    def arbiter(self, site: Site, guest: int, hosts: list[int]) -> int:
        """The one that the plan names; else a party on the regulator's own machine that is neither guest nor host; else
        the first host, since FATE has no place for an arbiter of ours."""
        named = wishes_of(site).arbiter
        if any(member.party == named for member in site.members):
            return named
        free = [it.party for it in site.members if it.party not in {guest, *hosts} and not it.place]
        return min(free, default=min(hosts))

    def options(self, site: Site, algorithm: str, given: dict[str, Any]) -> dict[str, Any]:
        return options.resolve(self.version(site), algorithm, given)

    def require(self, site: Site, action: Action, algorithm: str, hosts: list[int]) -> None:
        capabilities.require(self.version(site), site, action, algorithm, hosts)

    def planned(self, before: dict[str, Any], wishes: dict[str, Any]) -> dict[str, Any]:
        wanted = before.get("fate", {}) | wishes
        check_wishes(wishes_from(wanted))
        return before | {"fate": wanted}

    def deploy(self, site: Site) -> Site:
        return self.renew(site)[0]

    def renew(self, site: Site) -> tuple[Site, list[int]]:
        """Raises what ``Deployer.deploy`` raises; DeployError FW-DEP-600, -674."""
        self._own(site, "deploy")
        return self._deployer.deploy(site, self.images, lambda made: prove(self, made, self._say))

    def delete(self, site: Site) -> None:
        self._own(site, "delete")
        self._deployer.delete(site, purge=self.purge)

    def _own(self, site: Site, what: str) -> None:
        if any(member.details.get("attached") for member in site.members):
            raise DeployError("FW-DEP-600", what=what)

    def wake(self, site: Site) -> tuple[Site, list[int]]:
        """FATE's containers start again by themselves (``restart: always``)."""
        return site, []

    def health(self, site: Site, party: int) -> AgentInfo:
        member = site.member(party)
        told = self._reach.flow(member).told_version()
        return AgentInfo(
            party=party,
            version=f"FATE {told}",
            pid=0,
            bind=member.host,
            control_port=member.control_port,
            data_port=member.data_port,
            serving_port=member.serving_port,
            fingerprint="",
        )

    # --- tables ---------------------------------------------------------------------------------------------------

    def upload(self, site: Site, asked: list[tuple[int, DatasetRequest]], before: list[str]) -> list[Dataset]:
        for party, request in asked:
            uploading.check(request, party)
        done: list[tuple[int, Dataset]] = []
        try:
            for party, request in asked:
                member = site.member(party)
                own = party_of(member)
                found = uploading.upload(
                    self._reach.flow(member), self._staging(own), site.deployment, member, own, request, before
                )
                done.append((party, found))
        except BaseException:
            self.forget(site, [(party, dataset.dataset_id) for party, dataset in done])
            raise
        return [dataset for _, dataset in done]

    def _staging(self, party: FateParty) -> Staging:
        return AsItIs() if party.attached or not party.shared else Staged(self._deployer.run)

    def forget(self, site: Site, registered: list[tuple[int, str]]) -> None:
        for party, dataset_id in registered:
            name = TableName.parse(dataset_id)
            try:
                self._reach.flow(site.member(party)).drop(name.namespace, name.name)
            except FedwardenError as error:
                self._note("FW-NOTE-601", table=f"{name.namespace}/{name.name}", party=party, why=error.message())

    def replaced(self, site: Site, registered: list[tuple[int, str]]) -> None:
        self.forget(site, registered)

    def check_tables(self, site: Site, registered: list[tuple[int, str]]) -> list[Dataset]:
        return [
            uploading.still_there(self._reach.flow(site.member(party)), party, dataset_id)
            for party, dataset_id in registered
        ]

    # --- jobs -----------------------------------------------------------------------------------------------------

    def submit(self, site: Site, spec: JobSpec) -> Handed:
        version, member = self.version(site), self._guest(site, spec)
        capabilities.check_options(version, spec)
        flow, own = self._reach.flow(member), party_of(member)
        body = jobs.body(version, spec, own.work_mode)
        before = {row.job_id for row in flow.begun_by(member.party)}
        try:
            taken = flow.submit(body)
        except LinkError:  # the answer is lost, the job perhaps not: FATE knows no repeated request
            found = self._lost(site, spec, body, before)
            if found is None:
                raise
            taken = Taken(found, publishing.compose_model_id(jobs.roles_of(spec)), found)
            self._note("FW-NOTE-602", job=found)
        self._say_who_arbitrates(spec)
        iterations = int(spec.options.get("max_iter", 0))
        statuses = [records.waiting(taken.job_id, peer, iterations) for peer in spec.roles]
        details = {
            "fate": {
                "version": version.name,
                "job_id": taken.job_id,
                "model_id": taken.model_id,
                "model_version": taken.model_version,
            }
        }
        return Handed(taken.job_id, statuses, details)

    def _say_who_arbitrates(self, spec: JobSpec) -> None:
        arbiter = next(peer.party for peer in spec.roles if peer.role == "arbiter")
        also = [peer.role for peer in spec.roles if peer.party == arbiter and peer.role != "arbiter"]
        if also and spec.algorithm != "example" and spec.privacy != "none":
            self._note("FW-NOTE-603", party=arbiter, roles=also)

    def _lost(self, site: Site, spec: JobSpec, body: dict[str, Any], before: set[str]) -> str | None:
        """The id of a job like this one that was not there ``before``."""
        member = self._guest(site, spec)
        end = time.monotonic() + FIND_SECONDS
        while True:
            try:
                rows = self._reach.flow(member).begun_by(member.party)
            except LinkError:
                rows = []
            found = [row for row in rows if row.job_id not in before and _same(row, body, spec)]
            if found:
                return max(found, key=lambda row: row.created).job_id
            if time.monotonic() > end:
                return None
            time.sleep(0.5)

    def query(self, site: Site, spec: JobSpec) -> list[RoleStatus | FedwardenError]:
        version = self.version(site)
        out: list[RoleStatus | FedwardenError] = []
        for peer in spec.roles:  # the guest is first: it began the job, so it knows whether there is one
            begun = bool(out) and isinstance(out[0], RoleStatus) and out[0].state in ("waiting", "running")
            try:
                out.append(self._status(site, version, spec, peer, begun=begun))
            except FedwardenError as error:
                out.append(error)
        records.no_reason(spec, out)
        return out

    def _status(self, site: Site, version: Version, spec: JobSpec, peer: JobPeer, *, begun: bool) -> RoleStatus:
        """Every party's FATE-Flow knows its own roles only, and others hear of a job a little later than the guest."""
        flow = self._reach.flow(site.member(peer.party))
        role = records.fate_role(peer)
        row = next((it for it in flow.rows(spec.job_id) if it.role == role and it.party == peer.party), None)
        if row is None and begun:
            return records.waiting(spec.job_id, peer, int(spec.options.get("max_iter", 0)))
        if row is None:
            raise JobError("FW-JOB-066", job=spec.job_id, party=peer.party)
        return records.record(flow, version, spec, peer, row)

    def stop(self, site: Site, spec: JobSpec, code: str) -> list[RoleStatus | FedwardenError]:
        member = self._guest(site, spec)
        flow = self._reach.flow(member)
        if not flow.rows(spec.job_id):  # still under our own id: it was killed while it was submitted
            body = jobs.body(self.version(site), spec, party_of(member).work_mode)
            ours = [row for row in flow.begun_by(member.party) if _same(row, body, spec)]
            found = [row for row in ours if records.WORDS.get(row.state) in ("waiting", "running")]
            if not found:
                return []
            spec = replace(spec, job_id=max(found, key=lambda row: row.created).job_id)
        flow.stop(spec.job_id)
        end = time.monotonic() + STOP_SECONDS
        while True:
            answers = self.query(site, spec)
            open_ = [it for it in answers if isinstance(it, RoleStatus) and it.state not in ("success", "failed")]
            if not open_ or time.monotonic() > end:
                return answers
            time.sleep(0.3)

    def logs(self, site: Site, spec: JobSpec) -> list[str]:
        """When which component of which role began and ended, and why one failed. FATE's own logs hold configurations
        and weights, so they stay where they are."""
        lines: list[str] = []
        for peer in spec.roles:
            flow, role = self._reach.flow(site.member(peer.party)), records.fate_role(peer)
            for task in flow.tasks(spec.job_id, role, peer.party):
                failed = records.WORDS.get(task.state, "failed") == "failed"
                why = (task.error or flow.failure(spec.job_id, role, peer.party, task.name)) if failed else ""
                line = {
                    "timestamp": records.moment(task.ended or task.started),
                    "role": peer.role,
                    "party": peer.party,
                    "level": "error" if failed else "info",
                    "event": f"{task.name} {task.state}",
                }
                lines.append(json.dumps(line | ({"why": why} if why else {}), ensure_ascii=False))
        return lines

    # --- models ---------------------------------------------------------------------------------------------------

    def load_bind(self, site: Site, parties: list[int], request: BindRequest) -> list[Binding | None]:
        version, roles = self.version(site), publishing.parse_model_id(request.model_id)
        guest, host = site.member(roles["guest"][0]), site.member(roles["host"][0])
        own = party_of(guest)
        if not own.serving:
            raise DeployError("FW-DEP-602", party=guest.party)
        component = jobs.components(version, "hetero_lr").work
        lookup = party_of(host).lookup or request.lookup or "id"
        flow, serving = self._reach.flow1(guest), self._reach.serving(guest)
        publishing.load_bind(flow, serving, version, own.work_mode, request, component, lookup)
        return [None for _ in parties]

    def predict(self, site: Site, guest: int, request: PredictRequest) -> PredictAnswer:
        """Online prediction goes from the command straight to FATE-Serving (cli/predicting.py)."""
        raise UsageError("FW-USE-018", what="predict", instead="fedwarden predict")

    def batch_predict(self, site: Site, spec: JobSpec, fate: dict[str, Any]) -> batch.Scored:
        """``spec``: the training's, with the tables to score; ``fate``: ``jobs.details["fate"]`` of the training."""
        version, member = self.version(site), self._guest(site, spec)
        flow, mode = self._reach.flow(member), party_of(member).work_mode
        model_id, model_version = str(fate["model_id"]), str(fate["model_version"])
        if version.deploys_model:
            model_version = self._reach.flow1(member).deploy_model(model_id, model_version)
        return batch.predict(flow, version, spec, mode, model_id, model_version)

    def output_rows(self, site: Site, spec: JobSpec, job_id: str) -> bytes:
        """The scored rows of an offline prediction: tar.gz."""
        member = self._guest(site, spec)
        component = jobs.components(self.version(site), spec.algorithm).work
        return self._reach.flow(member).output_rows(job_id, "guest", member.party, component)

    def model_file(self, site: Site, spec: JobSpec, fate: dict[str, Any], peer: JobPeer) -> bytes:
        """One role's part of the model as its FATE exports it: zip (FATE 1) or tar.gz (FATE 2)."""
        taken = Taken(str(fate["job_id"]), str(fate["model_id"]), str(fate["model_version"]))
        component = jobs.components(self.version(site), spec.algorithm).work
        flow = self._reach.flow(site.member(peer.party))
        return flow.model_file(taken, records.fate_role(peer), peer.party, component)

    def _guest(self, site: Site, spec: JobSpec) -> Member:
        return site.member(next(peer.party for peer in spec.roles if peer.role == "guest"))


def _same(row: Row, body: dict[str, Any], spec: JobSpec) -> bool:
    """Whether a job that FATE lists is the one that ``body`` asked for: by our mark where FATE keeps it, else by its
    roles and tables and the time."""
    conf = row.conf
    if "job_runtime_conf" in body:
        mark = (conf.get("algorithm_parameters") or {}).get(jobs.MARK) or {}
        return bool(mark.get("id") == spec.job_id)
    if row.created < records.milliseconds(spec.created):
        return False
    if "runtime_conf" in body:
        asked = body["runtime_conf"]
        return all(conf.get(key) == asked[key] for key in ("role", "component_parameters"))
    asked = body["dag_schema"]["dag"]
    return set(conf.get("tasks") or {}) == set(asked["tasks"]) and _readers(conf) == _readers(asked)


def _readers(dag: dict[str, Any]) -> dict[str, Any]:
    return {
        party: {name: task.get("parameters") for name, task in (inner.get("tasks") or {}).items()}
        for party, inner in (dag.get("party_tasks") or {}).items()
    }
