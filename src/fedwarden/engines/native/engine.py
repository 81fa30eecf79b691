"""The native engine adapter: agents of our own on this machine, asked over mutual TLS."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec.structs import replace

from fedwarden.common.api import (
    AgentInfo,
    Binding,
    BindRequest,
    Dataset,
    DatasetRequest,
    JobSpec,
    PredictAnswer,
    PredictRequest,
    RoleStatus,
)
from fedwarden.common.chain import AuditHead
from fedwarden.common.errors import DataError, DeployError, FedwardenError, LinkError
from fedwarden.engines import ways
from fedwarden.engines.base import Change, Engine, Handed, Member, Site
from fedwarden.engines.native import local_agents, prediction
from fedwarden.engines.native.calls import Agents, at_once, first_error
from fedwarden.engines.native.changes import Changes
from fedwarden.engines.native.members import apart, filled
from fedwarden.engines.native.peers import Peers
from fedwarden.engines.native.processes import end_all
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import Credentials

if TYPE_CHECKING:
    from fedwarden.engines.native.remote_agents import RemoteAgents

#: A table of a million rows is read in a few seconds; a slow disk gets time.
UPLOAD_SECONDS = 600.0
STOP_SECONDS = 15.0
#: A submit waits for it: an agent that is out of reach is named in the audit instead.
HEAD_SECONDS = 5.0
#: Bytes of one agent's audit log.
MAX_AUDIT = 1 << 30


class NativeEngine(Engine):
    """``authority`` is asked for only when agents are made; ``credentials`` are the regulator's own."""

    name = "native"
    own_code = True

    def __init__(
        self,
        authority: Callable[[], CertificateAuthority],
        credentials: Credentials,
        remote: Callable[[], RemoteAgents] | None = None,
    ) -> None:
        self._authority = authority
        self._remote = functools.cache(remote or _no_remote)
        self._credentials = credentials
        self._agents = Agents(credentials)
        self._peers = Peers(self._agents)
        self._changes = Changes(authority, self._remote, self._peers, self.health)

    def deploy(self, site: Site) -> Site:
        site = ways.with_arbiter(site)
        here, abroad, own_hand = apart(site.members)
        infos = self._remote().deploy(abroad) if abroad else {}
        local_agents.make(here, self._authority())
        infos |= {member.party: info for member, info in zip(here, local_agents.start(here), strict=True)}
        infos |= {member.party: self.health(site, member.party) for member in own_hand}
        made = replace(site, members=[filled(member, infos[member.party]) for member in site.members])
        self._peers.begin_anew(made, own_hand)
        self._peers.introduce_all(made)
        return made

    def change(self, change: Change) -> Site:
        return self._changes.carry_out(change)

    def undo(self, change: Change) -> list[str]:
        return self._changes.undo(change)

    def remove(self, members: list[Member]) -> dict[int, FedwardenError]:
        return self._changes.remove(members)

    def settle(self, site: Site) -> None:
        self._changes.settle(site)

    def wake(self, site: Site) -> tuple[Site, list[int]]:
        dead = [member for member in apart(site.members)[0] if not local_agents.alive(member)]
        for member in dead:  # workers of the dead agent end by themselves; none may be left to fight for a turn
            end_all(Path(member.home), local_agents.END_SECONDS)
        local_agents.start(dead)
        lost = [member for member in apart(site.members)[1] if self._remote().can(member) and not self._up(member)]
        infos = self._remote().deploy(lost) if lost else {}  # goes on from what is there: same key, same ports
        members = [filled(it, infos[it.party]) if it.party in infos else _where_now(it) for it in site.members]
        woken = replace(site, members=members)
        if woken != site:
            self._peers.introduce_all(woken)
        return woken, [member.party for member in dead + lost]

    def _up(self, member: Member) -> bool:
        try:
            Agents(self._credentials).client(member).call("GET", "/v1/health", timeout=3.0)
        except FedwardenError:
            return False
        return True

    def health(self, site: Site, party: int) -> AgentInfo:
        return self._agents.ask(site, party, "GET", "/v1/health", AgentInfo, seconds=5.0)

    def look(self, site: Site) -> dict[int, AgentInfo | FedwardenError]:
        parties = [member.party for member in site.members]
        return dict(zip(parties, at_once(parties, lambda party: self.health(site, party)), strict=True))

    def upload(self, site: Site, asked: list[tuple[int, DatasetRequest]], before: list[str]) -> list[Dataset]:
        checked = at_once(asked, lambda one: self._post_table(site, one, "/v1/datasets?check=1"))
        for (party, request), found in zip(asked, checked, strict=True):
            if isinstance(found, DataError):  # one path may be two parties' tables: it is said whose was refused
                found.params.update(role=request.role, party=party)
        if error := first_error(checked):
            raise error
        registered = at_once(asked, lambda one: self._post_table(site, one, "/v1/datasets"))
        if error := first_error(registered):
            done = zip(asked, registered, strict=True)
            self.forget(site, [(one[0], it.dataset_id) for one, it in done if isinstance(it, Dataset)])
            raise error
        return registered

    def _post_table(self, site: Site, one: tuple[int, DatasetRequest], path: str) -> Dataset:
        return self._agents.ask(site, one[0], "POST", path, Dataset, one[1], UPLOAD_SECONDS)

    def forget(self, site: Site, registered: list[tuple[int, str]]) -> None:
        for party, dataset_id in registered:
            with contextlib.suppress(FedwardenError):
                self._agents.ask(site, party, "DELETE", f"/v1/datasets/{dataset_id}", Dataset)

    def check_tables(self, site: Site, registered: list[tuple[int, str]]) -> list[Dataset]:
        found = at_once(
            registered,
            lambda one: self._agents.ask(
                site, one[0], "GET", f"/v1/datasets/{one[1]}", Dataset, seconds=UPLOAD_SECONDS
            ),
        )
        for (party, _), answer in zip(registered, found, strict=True):
            if isinstance(answer, DataError):
                answer.params.setdefault("party", party)
        if error := first_error(found):
            raise error
        return found

    def submit(self, site: Site, spec: JobSpec) -> Handed:
        return Handed(spec.job_id, self._hand_out(site, spec, "/v1/jobs"))

    def resume(self, site: Site, spec: JobSpec) -> list[RoleStatus]:
        return self._hand_out(site, spec, f"/v1/jobs/{spec.job_id}/resume")

    def _hand_out(self, site: Site, spec: JobSpec, route: str) -> list[RoleStatus]:
        """To every party, or to none: who took it is told to stop when another one refused."""
        results = at_once(
            _parties(spec),
            lambda party: self._agents.ask(site, party, "POST", route, list[RoleStatus], spec, seconds=UPLOAD_SECONDS),
        )
        if error := first_error(results):
            self.stop(site, spec, "FW-JOB-005")
            raise error
        return _in_order(spec, [status for statuses in results for status in statuses])

    def query(self, site: Site, spec: JobSpec) -> list[RoleStatus | FedwardenError]:
        return self._of_every_role(
            spec,
            lambda party: self._agents.ask(
                site, party, "GET", f"/v1/jobs/{spec.job_id}", list[RoleStatus], seconds=10.0
            ),
        )

    def stop(self, site: Site, spec: JobSpec, code: str) -> list[RoleStatus | FedwardenError]:
        body = {"code": code, "params": {}}
        return self._of_every_role(
            spec,
            lambda party: self._agents.ask(
                site, party, "POST", f"/v1/jobs/{spec.job_id}/stop", list[RoleStatus], body, seconds=STOP_SECONDS
            ),
        )

    def _of_every_role(
        self, spec: JobSpec, ask: Callable[[int], list[RoleStatus]]
    ) -> list[RoleStatus | FedwardenError]:
        parties = _parties(spec)
        answers = dict(zip(parties, at_once(parties, ask), strict=True))
        out: list[RoleStatus | FedwardenError] = []
        for peer in spec.roles:
            answer = answers[peer.party]
            if isinstance(answer, FedwardenError):
                out.append(answer)
            else:
                out.append(next(status for status in answer if status.role == peer.role))
        return out

    def logs(self, site: Site, spec: JobSpec) -> list[str]:
        found = self.logs_of_parties(site, spec)
        if error := first_error(list(found.values())):
            raise error
        return [line for lines in found.values() if isinstance(lines, list) for line in lines]

    def logs_of_parties(self, site: Site, spec: JobSpec) -> dict[int, list[str] | FedwardenError]:
        parties = _parties(spec)
        path = f"/v1/jobs/{spec.job_id}/logs"
        return dict(zip(parties, at_once(parties, lambda party: self._lines(site, party, path)), strict=True))

    def agent_log(self, site: Site, party: int) -> list[str]:
        return self._lines(site, party, "/v1/log")

    def _lines(self, site: Site, party: int, path: str) -> list[str]:
        text = self._agents.fetch(site, party, path)
        return [line for line in text.decode("utf-8", "replace").splitlines() if line.strip()]

    def clocks(self, site: Site, parties: list[int]) -> dict[int, tuple[float, float]]:
        def ahead(party: int) -> tuple[float, float]:
            before = time.time()
            said = self._agents.ask(site, party, "GET", "/v1/health", AgentInfo, seconds=5.0).clock
            after = time.time()
            return said - (before + after) / 2, (after - before) / 2

        answers = zip(parties, at_once(parties, ahead), strict=True)
        return {party: answer for party, answer in answers if not isinstance(answer, FedwardenError)}

    def swap_heads(self, site: Site, head: AuditHead) -> dict[int, AuditHead | FedwardenError]:
        parties = [member.party for member in site.members]
        ask = functools.partial(self._agents.ask, site)
        answers = at_once(parties, lambda party: ask(party, "POST", "/v1/audit/heads", AuditHead, head, HEAD_SECONDS))
        return dict(zip(parties, answers, strict=True))

    def audit_log(self, site: Site, party: int) -> bytes:
        parts: list[bytes] = []
        while part := self._agents.fetch(site, party, f"/v1/audit?start={sum(map(len, parts))}"):
            parts.append(part)
            if sum(map(len, parts)) > MAX_AUDIT:  # a log without an end is an agent that keeps us reading
                raise LinkError("FW-LINK-004", party=party, address=site.member(party).host, limit=MAX_AUDIT)
        return b"".join(parts)

    def load_bind(self, site: Site, parties: list[int], request: BindRequest) -> list[Binding | None]:
        before: list[Binding | None] = []
        done: list[int] = []
        try:
            for party in parties:
                before.append(self._bind(site, party, request))
                done.append(party)
        except FedwardenError:
            for party, binding in zip(done, before, strict=True):
                with contextlib.suppress(FedwardenError):
                    self._rebind(site, party, request.name, binding)
            raise
        return before

    def _rebind(self, site: Site, party: int, name: str, before: Binding | None) -> None:
        """As it was: what stood there, or nothing."""
        if before is None:
            self._agents.ask(site, party, "DELETE", f"/v1/bindings/{quote(name, safe='')}", Binding)
            return
        old = BindRequest(name=name, model_id=before.model_id, model_version=before.model_version)
        self._bind(site, party, old)

    def _bind(self, site: Site, party: int, request: BindRequest) -> Binding | None:
        return self._agents.ask(site, party, "POST", "/v1/bindings", Binding | None, request)  # type: ignore[arg-type]

    def predict(self, site: Site, guest: int, request: PredictRequest) -> PredictAnswer:
        member = site.member(guest)
        host, port = ways.control_way(member)
        return prediction.predict(host, port, guest, member.fingerprint, self._credentials, request)

    def delete(self, site: Site) -> None:
        if failed := self.take_down(site):
            raise next(iter(failed.values()))

    def take_down(self, site: Site) -> dict[int, FedwardenError]:
        def shut_down(member: Member) -> None:
            if member.control_port and (member.place or local_agents.alive(member)):
                self._agents.client(member).call("POST", "/v1/shutdown", timeout=STOP_SECONDS)

        at_once(site.members, shut_down)  # an agent that does not answer is ended here
        return self.remove(site.members)


def _where_now(member: Member) -> Member:
    """An agent on this machine whose port was taken while it was dead listens elsewhere."""
    info = None if member.place or member.joined else local_agents.told(member)
    return member if info is None or info.fingerprint != member.fingerprint else filled(member, info)


def _no_remote() -> RemoteAgents:
    raise DeployError("FW-DEP-003", ip="?", party="?")


def _parties(spec: JobSpec) -> list[int]:
    return sorted({peer.party for peer in spec.roles})


def _in_order(spec: JobSpec, statuses: list[RoleStatus]) -> list[RoleStatus]:
    by_role = {status.role: status for status in statuses}
    return [by_role[peer.role] for peer in spec.roles]
