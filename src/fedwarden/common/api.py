"""What crosses between the regulator and a party's agent, and between an agent and its job workers: plain data.

Every structure is JSON on the wire and on disk. Nothing here holds rows, ids, features, weights or scores, except
``PredictRequest``/``PredictAnswer`` and ``PartialRequest``/``PartialAnswer``, which are never stored or logged.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from fedwarden.common.structs import prepare

Role = str  # "guest", "arbiter", "host1", "host2" … (always numbered inside; shown as "host" where there is one)
State = Literal["waiting", "running", "success", "failed"]
Algorithm = Literal["hetero_lr", "hetero_linr", "example"]


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a person should know that is no failure; the sentence stands in the message catalogue."""

    code: str
    params: dict[str, Any] = {}


class AgentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/health, and ``agent.json`` in the agent's home."""

    party: int
    version: str
    pid: int
    bind: str
    control_port: int
    data_port: int
    serving_port: int
    relay_port: int = 0  # where this agent's relay listens; 0: it has none
    fingerprint: str  # SHA-256 of the public key (SubjectPublicKeyInfo, DER), hex
    busy: list[str] = []  # ids of the jobs that run or wait here
    clock: float = 0.0  # seconds since 1970 by this host's clock, when it answered
    revocations: int = 0  # number of the list of revoked keys in force
    release: str = ""  # which code it runs: fedwarden.common.release


class RelayPlace(msgspec.Struct, frozen=True, kw_only=True):
    """The regulator's relay, for pairs of parties that can both only dial out."""

    party: int  # whose agent runs it: its certificate is the relay's
    host: str
    port: int
    fingerprint: str
    ways: dict[str, str] = {}  # party id → ``address[:port]``: who dials it somewhere else
    parties: list[int] = []  # whose links go through it in any case; others' only where dialling fails both ways


class PeerParty(msgspec.Struct, frozen=True, kw_only=True):
    """PUT /v1/peers: whom this party will talk to, with the key it pins, as this party reaches it."""

    party: int
    host: str
    data_port: int
    control_port: int
    fingerprint: str
    control_host: str = ""  # where its control port is, if not at ``host``
    relay: RelayPlace | None = None  # the relay beside this peer's agent


class DatasetRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/datasets: read the file in place, check it, register it (or only check it)."""

    project: str
    role: Role
    path: str
    label: str | None = None  # the label column's name; None for hosts
    binary: bool = False  # the label must be 0/1 (−1/1 accepted with a notice)
    id_column: str | None = None  # None: the first column
    encoding: str | None = None  # None: utf-8, else detected with a notice
    missing: Literal["refuse", "mean"] = "refuse"


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """A registered table: what it is, never what stands in it."""

    dataset_id: str
    project: str
    role: Role
    path: str
    format: Literal["csv", "tsv", "parquet"]
    encoding: str
    id_column: str
    label: str | None
    features: list[str]  # in the table's column order
    rows: int
    sha256: str
    size: int
    mtime_ns: int
    missing: Literal["refuse", "mean"]
    missing_cells: dict[str, int] = {}
    label_kind: Literal["none", "01", "-11", "number", "unknown"] = "none"  # unknown: the engine does not tell
    notices: list[Notice] = []


class JobPeer(msgspec.Struct, frozen=True, kw_only=True):
    """One role of a job: who plays it and where its data port is."""

    role: Role
    party: int
    host: str
    data_port: int
    fingerprint: str
    ways: dict[str, str] = {}  # party id → ``address[:port]``: who dials it somewhere else than at ``host``


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/jobs, /v1/jobs/{id}/resume: the same text at every party of the job, apart from ``role_datasets`` of
    others."""

    job_id: str
    project: str
    algorithm: Algorithm
    options: dict[str, Any]  # every option, defaults filled in (fedwarden.common.options)
    roles: list[JobPeer]  # guest first, then hosts in numeric order, the arbiter last
    role_datasets: dict[Role, str]  # role → dataset_id; empty for the example
    model_id: str
    privacy: Literal["sealed", "none", "fate"]  # fate: FATE's own protocol; ``revealed`` says what it shows to whom
    created: str
    relay: RelayPlace | None = None
    attempt: int = 1  # raised by every resume; between attempts only addresses and keys in ``roles`` may differ


class Phase(msgspec.Struct):
    name: str
    seconds: float = 0.0


class LinkBytes(msgspec.Struct):
    sent: int = 0
    received: int = 0


class RoleStatus(msgspec.Struct, kw_only=True):
    """One role's record of a job; ``<role>.status.json`` in the job's folder, written by its worker only."""

    job_id: str
    role: Role
    party: int
    state: State
    phase: str = ""
    iteration: int = 0
    iterations: int = 0
    loss: float | None = None
    cause: dict[str, Any] | None = None  # {"code", "params", "role", "party"} of the first cause
    started: str | None = None
    ended: str | None = None
    phases: list[Phase] = []
    links: dict[Role, LinkBytes] = {}
    metrics: dict[str, Any] = {}
    revealed: list[dict[str, Any]] = []  # {"what", "to", "count"} in the order it happened
    notices: list[Notice] = []
    result: dict[str, Any] = {}  # e.g. expected and obtained totals of the example; rows aligned
    options: dict[str, Any] = {}
    pid: int | None = None
    attempt: int = 1
    attempts: list[dict[str, Any]] = []  # those before: attempt, started, ended, phase, iteration, iterations, cause


class StopRequest(msgspec.Struct, frozen=True):
    """POST /v1/jobs/{id}/stop: why a job is ended; without a body: it was stopped."""

    code: str = "FW-JOB-101"
    params: dict[str, Any] = {}


class ModelHeld(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/models: one role's part of a model as it may be told: no weight, no mean, no column's name."""

    model_id: str
    model_version: str
    algorithm: str
    role: Role
    party: int
    features: int
    predictions: int = 0  # how many scores, or shares of scores, this part has given


class BindRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/bindings at every party that holds a part of the model."""

    name: str
    model_id: str
    model_version: str
    lookup: str = ""  # what the first host's table calls its ids; other engines have their hosts look up by it
    probe: str | None = None  # an id to try the binding with, where the engine proves it with a prediction


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    model_id: str
    model_version: str
    algorithm: str
    roles: list[Role]  # which parts of the model this party holds
    bound: str


class PredictRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/predict at the guest, from the regulator."""

    name: str
    params: list[float] | None = None  # the guest's features in its table's column order
    sample_id: str | None = None


class PredictAnswer(msgspec.Struct, frozen=True, kw_only=True):
    prob: float
    host_features: Literal["looked-up", "training-mean", "adaptor"]  # adaptor: whatever the host's FATE-Serving has
    model_id: str
    model_version: str
    notices: list[Notice] = []


class PartialRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/partial at a host, from the guest's agent: this host's part of the score of one sample."""

    model_id: str
    model_version: str
    role: Role
    sample_id: str | None = None  # None: the training mean


class PartialAnswer(msgspec.Struct, frozen=True, kw_only=True):
    score: float


prepare(__name__)
