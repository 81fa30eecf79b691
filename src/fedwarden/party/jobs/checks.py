"""What an agent looks at before it takes a job in."""

from __future__ import annotations

from msgspec.structs import replace

from fedwarden.common.api import Binding, Dataset, JobSpec, Role, RoleStatus
from fedwarden.common.errors import DataError, IdentityError, JobError
from fedwarden.common.files import read_struct
from fedwarden.party.home import Home, check_name, check_role
from fedwarden.party.membership.peers import PeerBook

MAX_ROLES = 64


def own_roles(spec: JobSpec, party: int) -> list[Role]:
    return [peer.role for peer in spec.roles if peer.party == party]


def check_roles(spec: JobSpec, party: int, fingerprint: str, peers: PeerBook) -> list[Role]:
    """This party's roles in ``spec``.

    Raises JobError FW-JOB-061 (the list of roles makes no sense), FW-JOB-062 (no role here); IdentityError FW-ID-062
    (a party that is not pinned here), FW-ID-063 (another key than the pinned one, or than this agent's own).
    """
    check_name("job_id", spec.job_id)
    names = [check_role(peer.role) for peer in spec.roles]
    for name in names:
        if names.count(name) > 1:
            raise JobError("FW-JOB-061", why=f"{name} twice")
    if not names or len(names) > MAX_ROLES:
        raise JobError("FW-JOB-061", why=f"{len(names)} roles")
    for needed in ("guest", "arbiter"):
        if needed not in names:
            raise JobError("FW-JOB-061", why=f"no {needed}")
    mine = own_roles(spec, party)
    if not mine:
        raise JobError("FW-JOB-062", party=party)
    for peer in spec.roles:
        _check_key(peer.party, peer.role, peer.fingerprint, party, fingerprint, peers)
    if spec.relay is not None:
        _check_key(spec.relay.party, "relay", spec.relay.fingerprint, party, fingerprint, peers)
    return mine


def _check_key(who: int, role: str, found: str, party: int, fingerprint: str, peers: PeerBook) -> None:
    if who == party:
        expected = fingerprint
    else:
        pinned = peers.get(who)
        if pinned is None:
            raise IdentityError("FW-ID-062", party=who, role=role)
        expected = pinned.fingerprint
    if found != expected:
        raise IdentityError("FW-ID-063", party=who, role=role, pinned=expected, found=found[:64])


def check_attempt(known: JobSpec, spec: JobSpec, ended: bool, party: int) -> None:
    """Whether ``spec`` is a next attempt of ``known``.

    Raises JobError FW-JOB-063 (another job), -503 (a role of it still runs here, or none has failed), -504 (no newer
    attempt).
    """
    players = [(peer.role, peer.party) for peer in known.roles]  # their addresses and keys may have changed
    same = [(peer.role, peer.party) for peer in spec.roles] == players
    if not same or replace(spec, attempt=known.attempt, roles=known.roles, relay=known.relay) != known:
        raise JobError("FW-JOB-063", job=spec.job_id, party=party)
    if not ended:
        raise JobError("FW-JOB-503", job=spec.job_id, party=party)
    if spec.attempt <= known.attempt:
        raise JobError("FW-JOB-504", job=spec.job_id, party=party, attempt=spec.attempt, known=known.attempt)


def check_dataset(spec: JobSpec, role: Role, dataset: Dataset) -> None:
    """Whether ``dataset`` can play ``role`` here. Raises DataError FW-DATA-051, -052, -053."""
    if dataset.project != spec.project:
        raise DataError("FW-DATA-053", dataset=dataset.dataset_id, project=dataset.project, asked=spec.project)
    if role == "guest":
        if dataset.label is None:
            raise DataError("FW-DATA-051", path=dataset.path)
        if spec.algorithm == "hetero_lr" and dataset.label_kind == "number":
            raise DataError("FW-DATA-052", path=dataset.path, column=dataset.label)


def check_not_done(home: Home, spec: JobSpec, before: list[RoleStatus], party: int) -> None:
    """A next attempt removes what the one before left, so a job that is done has none. A party with only some of the
    roles cannot know whether another's failed after its own were done; but a model in use is done.

    Raises JobError FW-JOB-770.
    """
    if any(status.state != "success" for status in before):
        return
    bound = read_struct(home.bindings_json, list[Binding]) if home.bindings_json.exists() else []
    if len(before) == len(spec.roles) or any(binding.model_version == spec.job_id for binding in bound):
        raise JobError("FW-JOB-770", job=spec.job_id, party=party)
