"""What an engine adapter offers to the regulator. It works on plain data and keeps nothing of its own."""

from __future__ import annotations

import abc
from typing import Any, Literal, NamedTuple

import msgspec

from fedwarden.common import options
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
from fedwarden.common.errors import DeployError, FedwardenError, UsageError
from fedwarden.common.structs import prepare

Action = Literal["submit", "load_bind", "delete"]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One agent of a site: where it is and the key it must show. ``home`` is its folder on this machine,
    ``ssh://user@host:port/folder`` on another one, or ``joined://party-3@host:port`` (the control port) for a party
    that joined by itself: only its own operator starts and ends that agent."""

    party: int
    host: str
    home: str
    control_port: int = 0
    data_port: int = 0
    serving_port: int = 0
    fingerprint: str = ""
    details: dict[str, Any] = {}  # what only the engine understands; kept with the party, never secret

    @property
    def joined(self) -> bool:
        """Whether the party runs its agent by its own hand."""
        return self.home.startswith("joined://")

    @property
    def place(self) -> str:
        """``user@host:port`` of the host's SSH server; empty for an agent on this machine."""
        return self.home.removeprefix("ssh://").partition("/")[0] if self.home.startswith("ssh://") else ""


def remote_home(user: str, host: str, port: int, deployment: str, party: int) -> str:
    """``Member.home`` of an agent on another host; a folder that begins with ``~`` is below that user's own."""
    folder = "/opt/fedwarden" if user == "root" else "/~/.fedwarden/host"
    return f"ssh://{user}@{host}:{port}{folder}/agents/{deployment}/party-{party}"


def joined_home(party: int, host: str, control_port: int) -> str:
    """``Member.home`` of an agent that its own party runs."""
    return f"joined://party-{party}@{host}:{control_port}"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment as an engine sees it: its parties, and the regulator's own arbiter (party 0)."""

    deployment: str
    members: list[Member]
    plan: dict[str, Any] = {}  # what it was asked to be beyond its members; only the engine understands it

    def member(self, party: int) -> Member:
        """Raises DeployError FW-DEP-441: it was taken out of the deployment meanwhile."""
        found = next((member for member in self.members if member.party == party), None)
        if found is None:
            raise DeployError("FW-DEP-441", party=party)
        return found


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """From one site to another one with the same name. Members of ``after`` that are to be made have no key yet; those
    that restart on other ports have none of these yet."""

    before: Site
    after: Site
    create: list[int] = []
    restart: list[int] = []
    forget: list[int] = []  # parties whose key is no longer the one that the others have pinned


class Handed(NamedTuple):
    """A job as the engine took it. An engine that gives ids of its own says which one the job has from now on."""

    job_id: str
    statuses: list[RoleStatus]
    details: dict[str, Any] = {}  # noqa: RUF012 - kept in ``jobs.details``: what the engine calls the job and its model


class Engine(abc.ABC):
    """Every method raises FedwardenError with the first cause; waits are bounded and name what they wait for."""

    name: str
    #: Whether its agents run this very code, so that a deploy moves them to the newest.
    own_code: bool = False
    #: What ``JobSpec.privacy`` says of a job between several organisations.
    privacy: Literal["sealed", "fate"] = "sealed"
    #: Whether the regulator's own machine runs an arbiter (party 0) in every deployment.
    own_arbiter = True
    #: Whether ``deploy`` ends with jobs between the parties by itself, and ``renew`` brings a deployment to a new plan.
    proves_itself = False

    def arbiter(self, site: Site, guest: int, hosts: list[int]) -> int:
        """The arbiter of such a job. One party as guest and only host is its own; else the regulator's (0) is."""
        return guest if set(hosts) == {guest} else 0

    def options(self, site: Site, algorithm: str, given: dict[str, Any]) -> dict[str, Any]:
        """Every option of ``algorithm`` with its value. Raises UsageError FW-USE-018, -022, -023."""
        return options.resolve(algorithm, given)

    def require(self, site: Site, action: Action, algorithm: str, hosts: list[int]) -> None:  # noqa: B027
        """Raises what this site's version cannot do, with the reason, before anything has begun."""

    def close(self) -> None:  # noqa: B027
        """Lets go of connections that live as long as a command."""

    @abc.abstractmethod
    def deploy(self, site: Site) -> Site:
        """Makes and starts an agent for every member; answers with ports and fingerprints filled in."""

    def planned(self, before: dict[str, Any], wishes: dict[str, Any]) -> dict[str, Any]:
        """What is kept in a deployment's plan when ``wishes`` are added to what it was ``before``."""
        return before | wishes

    def renew(self, site: Site) -> tuple[Site, list[int]]:
        """Brings what is deployed to what its plan says now. Answers the site as it is then and the parties where
        something was changed."""
        return self.wake(site)

    def look(self, site: Site) -> dict[int, AgentInfo | FedwardenError]:
        """What every agent says of itself, or why it does not."""
        out: dict[int, AgentInfo | FedwardenError] = {}
        for member in site.members:
            try:
                out[member.party] = self.health(site, member.party)
            except FedwardenError as error:
                out[member.party] = error
        return out

    def change(self, change: Change) -> Site:
        """Makes and restarts what ``change`` says and introduces all of ``after``; answers it with ports and keys. What
        is no longer part of the site still runs: see ``remove``. Raises UsageError FW-USE-018 where it cannot."""
        raise UsageError("FW-USE-018", what=f"engine: {self.name}", instead="destroy, deploy")

    def undo(self, change: Change) -> list[str]:
        """After a failed ``change``: what it made is gone, what it restarted runs as before. Answers the hosts where
        something was taken back."""
        return []

    def remove(self, members: list[Member]) -> dict[int, FedwardenError]:
        """Ends agents that are no longer part of a site and removes their folders; those that could not be, and why."""
        raise UsageError("FW-USE-018", what=f"engine: {self.name}", instead="destroy, deploy")

    def take_down(self, site: Site) -> dict[int, FedwardenError]:
        """As ``delete``, and goes on where it fails: the parties whose agents are left, and why."""
        try:
            self.delete(site)
        except FedwardenError as error:
            return {member.party: error for member in site.members}
        return {}

    def settle(self, site: Site) -> None:  # noqa: B027 - not every engine has something to put away
        """After a change that holds: what only its undoing would have needed may go."""

    @abc.abstractmethod
    def wake(self, site: Site) -> tuple[Site, list[int]]:
        """Starts agents that are not running. Answers the site as it is now (a port may have changed, then every party
        knows) and the ids of those it started."""

    @abc.abstractmethod
    def upload(self, site: Site, asked: list[tuple[int, DatasetRequest]], before: list[str]) -> list[Dataset]:
        """Every party checks its table; only when all are good, every party registers it. ``before``: ids of
        datasets that these are to replace; they are as they were when this fails."""

    def replaced(self, site: Site, registered: list[tuple[int, str]]) -> None:  # noqa: B027 - native keeps them
        """Others stand for these (party, dataset id) now, and no job needs them any more."""

    @abc.abstractmethod
    def forget(self, site: Site, registered: list[tuple[int, str]]) -> None:
        """Takes registrations (party, dataset id) back; what is gone already is no failure."""

    @abc.abstractmethod
    def check_tables(self, site: Site, registered: list[tuple[int, str]]) -> list[Dataset]:
        """Whether every registered table still is what was registered. Raises DataError naming the one that is not."""

    @abc.abstractmethod
    def submit(self, site: Site, spec: JobSpec) -> Handed:
        """Hands the job to every party of it, or to none."""

    def resume(self, site: Site, spec: JobSpec) -> list[RoleStatus]:
        """Starts a failed job's next attempt at every party, or raises; UsageError FW-USE-018 where no engine can."""
        raise UsageError("FW-USE-018", what=f"job resume ({self.name})", instead="submit")

    @abc.abstractmethod
    def query(self, site: Site, spec: JobSpec) -> list[RoleStatus | FedwardenError]:
        """The record of every role in the order of ``spec.roles``, or why it could not be had."""

    @abc.abstractmethod
    def stop(self, site: Site, spec: JobSpec, code: str) -> list[RoleStatus | FedwardenError]:
        """Ends the job as failed at every party; answers when its workers are gone."""

    @abc.abstractmethod
    def logs(self, site: Site, spec: JobSpec) -> list[str]:
        """The JSON lines of every role, oldest first."""

    def logs_of_parties(self, site: Site, spec: JobSpec) -> dict[int, list[str] | FedwardenError]:
        """The same by party, with the failure of each that does not answer; under -1 where lines belong to no party."""
        try:
            return {-1: self.logs(site, spec)}
        except FedwardenError as error:
            return {-1: error}

    def clocks(self, site: Site, parties: list[int]) -> dict[int, tuple[float, float]]:
        """Party → (seconds its clock is ahead of ours, how sure that is); only of those that say."""
        return {}

    def agent_log(self, site: Site, party: int) -> list[str]:
        """The end of an agent's own log, JSON lines; empty where there is none of ours."""
        return []

    @abc.abstractmethod
    def load_bind(self, site: Site, parties: list[int], request: BindRequest) -> list[Binding | None]:
        """Binds the name at every party, or at none; answers what was bound before."""

    @abc.abstractmethod
    def predict(self, site: Site, guest: int, request: PredictRequest) -> PredictAnswer:
        """One prediction by the guest's agent. Nothing of it is stored or logged."""

    @abc.abstractmethod
    def delete(self, site: Site) -> None:
        """Stops every agent and removes its folder; works when some are dead already."""

    def swap_heads(self, site: Site, head: AuditHead) -> dict[int, AuditHead | FedwardenError]:
        """Gives the regulator's audit head to every agent; party → the agent's own, or why it could not be had.

        Empty where parties keep no audit log of ours.
        """
        return {}

    def audit_log(self, site: Site, party: int) -> bytes | None:
        """An agent's audit log as JSON lines; None where parties keep none of ours."""
        return None

    @abc.abstractmethod
    def health(self, site: Site, party: int) -> AgentInfo:
        """What an agent says of itself."""


prepare(__name__)
