"""Whether the party's policy allows a job, a table, a peer. A refusal names the rule, what was asked, what holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fedwarden.common.api import Dataset, JobSpec, Role
from fedwarden.common.errors import DataError, IdentityError, JobError
from fedwarden.common.options import OPTIONS
from fedwarden.party.membership.peers import PeerBook
from fedwarden.party.policy.rules import SYSTEM_FOLDERS, OptionRule, Policy


def check_job(policy: Policy, spec: JobSpec, party: int, roles: list[Role], peers: PeerBook) -> None:
    """Raises JobError FW-JOB-520; IdentityError FW-ID-520 when a peer's key still waits for this operator's yes."""

    def refuse(rule: str, found: Any, allowed: Any) -> None:
        raise JobError("FW-JOB-520", party=party, rule=rule, found=found, allowed=allowed)

    if spec.algorithm not in policy.algorithms:
        refuse("algorithms", spec.algorithm, policy.algorithms)
    if spec.privacy not in policy.privacy:
        refuse("privacy", spec.privacy, policy.privacy)
    for role in roles:
        if role.rstrip("0123456789") not in policy.roles:
            refuse("roles", role, policy.roles)
    options = _in_force(spec)
    least = options.get("min_intersection")
    if least is not None and not OptionRule(min=policy.min_intersection).allows(least):
        refuse("min_intersection", least, f">= {policy.min_intersection}")
    for name, rule in policy.options.items():
        if name in options and not rule.allows(options[name]):
            refuse(f"options.{name}", options[name], rule.shown)
    for peer in spec.roles:
        if peer.party == party:
            continue
        # the arbiter (0) is the regulator's own and no organisation of the list
        if policy.peers != "any" and peer.party and peer.party not in policy.peers:
            refuse("peers", peer.party, policy.peers)
        if policy.pins == "confirm" and not peers.confirmed(peer.party):
            raise IdentityError("FW-ID-520", party=peer.party, owner=party, fingerprint=peer.fingerprint)


def _in_force(spec: JobSpec) -> dict[str, Any]:
    """The job's options; one that its text leaves out has its default, and is no way past a rule."""
    model = OPTIONS.get(spec.algorithm)
    fields = model.model_fields if model is not None else {}
    return {**{name: field.default for name, field in fields.items()}, **spec.options}


def check_folder(policy: Policy, path: str, real: Path | None = None) -> None:
    """``path`` as the file system really has it, links followed; ``real``: where it led when it was opened.

    Raises DataError FW-DATA-520.
    """
    if not path.startswith("/") or "\0" in path:
        return  # no path at all: the table's own check says so
    real = real or Path(path).resolve()
    if policy.dataset_folders is None:
        if os.geteuid() == 0:
            for folder in SYSTEM_FOLDERS:
                if real.is_relative_to(folder):
                    raise DataError("FW-DATA-520", rule="dataset_folders", found=path, allowed=f"not {folder} (root)")
        return
    if not any(real.is_relative_to(Path(folder).resolve()) for folder in policy.dataset_folders):
        raise DataError("FW-DATA-520", rule="dataset_folders", found=path, allowed=policy.dataset_folders or "-")


def check_rows(policy: Policy, dataset: Dataset) -> None:
    """Raises DataError FW-DATA-520."""
    if dataset.rows < policy.min_rows:
        raise DataError("FW-DATA-520", rule="min_rows", found=dataset.rows, allowed=f">= {policy.min_rows}")
    if policy.max_rows is not None and dataset.rows > policy.max_rows:
        raise DataError("FW-DATA-520", rule="max_rows", found=dataset.rows, allowed=f"<= {policy.max_rows}")
