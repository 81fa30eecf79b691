"""Where an agent keeps what: one folder (0700), every path of it named here."""

from __future__ import annotations

import re
from pathlib import Path

from fedwarden.common.api import Role
from fedwarden.common.errors import UsageError

_ROLE = re.compile(r"guest|arbiter|host[1-9][0-9]{0,3}", re.ASCII)
_SERVICE = re.compile(r"[^\W_][\w.-]{0,63}")
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}", re.ASCII)


def check_role(role: str) -> Role:
    """Roles become file names and SNI labels. Raises UsageError FW-USE-062."""
    if _ROLE.fullmatch(role) is None:
        raise UsageError("FW-USE-062", what="role", found=role[:40])
    return role


def check_name(what: str, name: str) -> str:
    """Ids that become file names: letters, digits, ``_ . -``, at most 64. Raises UsageError FW-USE-062."""
    if _NAME.fullmatch(name) is None or ".." in name:
        raise UsageError("FW-USE-062", what=what, found=name[:40])
    return name


def check_service(name: str) -> str:
    """Service names never become file names: letters of any script, digits, ``_ . -``. Raises UsageError FW-USE-062."""
    if _SERVICE.fullmatch(name) is None:
        raise UsageError("FW-USE-062", what="service name", found=name[:40])
    return name


class Home:
    """The paths of one agent's folder; nothing is read or made by constructing it."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.key = self.root / "key.pem"
        self.cert = self.root / "cert.pem"
        self.ca = self.root / "ca.pem"
        self.csr = self.root / "csr.pem"
        self.next_key = self.root / "key.next.pem"
        self.next_cert = self.root / "cert.next.pem"
        self.membership_json = self.root / "membership.json"
        self.agent_json = self.root / "agent.json"
        self.agent_log = self.root / "agent.log"
        self.audit_jsonl = self.root / "audit.jsonl"
        self.agent_lock = self.root / "agent.lock"
        self.peers_json = self.root / "peers.json"
        self.pins_json = self.root / "pins.json"
        self.policy_yaml = self.root / "policy.yaml"
        self.tokens_json = self.root / "tokens.json"
        self.bindings_json = self.root / "bindings.json"
        self.datasets = self.root / "datasets"
        self.jobs = self.root / "jobs"
        self.models = self.root / "models"

    def dataset(self, dataset_id: str) -> Path:
        return self.datasets / f"{check_name('dataset_id', dataset_id)}.json"

    def job(self, job_id: str) -> Path:
        return self.jobs / check_name("job_id", job_id)

    def spec(self, job_id: str) -> Path:
        return self.job(job_id) / "spec.json"

    def status(self, job_id: str, role: Role) -> Path:
        return self.job(job_id) / f"{check_role(role)}.status.json"

    def log(self, job_id: str, role: Role) -> Path:
        return self.job(job_id) / f"{check_role(role)}.log.jsonl"

    def model(self, model_version: str, role: Role) -> Path:
        return self.models / check_name("model_version", model_version) / f"{check_role(role)}.json"
