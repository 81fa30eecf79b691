"""The jobs of one party: taken in, given their turn in the order of arrival, ended, remembered.

One job runs at a time at a party; the workers of the jobs behind it are started at once all the same and wait, so that
a dead peer is noticed early. Everything that must survive is a file in the job's folder.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from signal import SIGKILL, SIGTERM
from typing import Any, Literal

import structlog

from fedwarden.common.api import JobSpec, Role, RoleStatus
from fedwarden.common.errors import FedwardenError, IdentityError, JobError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.identity.names import party_identity
from fedwarden.identity.revocation import RevocationBook
from fedwarden.party.audit import ENDED, STARTS, AuditLog
from fedwarden.party.home import Home
from fedwarden.party.jobs.after_end import AfterEnd
from fedwarden.party.jobs.checks import check_attempt, check_dataset, check_not_done, check_roles, own_roles
from fedwarden.party.jobs.last_words import LastWords, refused
from fedwarden.party.jobs.records import first_record, next_record, recover
from fedwarden.party.jobs.worker_process import WorkerProcess
from fedwarden.party.membership.peers import PeerBook
from fedwarden.party.models.parts import remove_part
from fedwarden.party.policy.checks import check_job
from fedwarden.party.policy.rules import PolicyBook
from fedwarden.party.tables.datasets import DatasetRegistry

WORKER = (sys.executable, "-m", "fedwarden.party.worker")
MAX_QUEUED = 100
LET_GO = 5.0  # seconds a worker may take to be gone once its record is final
#: Seconds after the word to stop: SIGTERM, SIGKILL.
TERM_AFTER, KILL_AFTER = 2.0, 4.0
#: What of a ``revealed`` item stands in the audit log as well.
_TOLD = ("what", "of", "to", "count")
STOPPED = {"code": "FW-JOB-101", "params": {}}

Route = Callable[[socket.socket], None] | Literal["park"] | None


class _Active:
    """A job with live workers."""

    def __init__(self, spec: JobSpec) -> None:
        self.spec = spec
        self.workers: dict[Role, WorkerProcess] = {}
        self.has_turn = False

    @property
    def over(self) -> bool:
        return all(worker.returncode is not None for worker in self.workers.values())


class JobBook:
    """Safe to use from several threads; every method may block on the disk, ``stop`` up to five seconds."""

    def __init__(
        self,
        home: Home,
        party: int,
        fingerprint: str,
        peers: PeerBook,
        datasets: DatasetRegistry,
        policy: PolicyBook,
        revoked: RevocationBook,
        audit: AuditLog,
        worker: Sequence[str] = WORKER,
    ) -> None:
        self._home, self._party, self._fingerprint = home, party, fingerprint
        self._peers, self._datasets, self._worker = peers, datasets, worker
        self._policy, self._revoked, self._audit = policy, revoked, audit
        self._last_words = LastWords(home, party)
        self._after_end = AfterEnd(home)
        self._lock = threading.RLock()
        self._active: dict[str, _Active] = {}  # in the order of arrival: the first one has the turn
        self._closed = False
        self._log = structlog.get_logger()

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Holds jobs off while this agent's key changes. Raises JobError FW-JOB-523 while some run or wait."""
        with self._lock:
            if self._active:
                raise JobError("FW-JOB-523", party=self._party, jobs=list(self._active))
            yield

    def use_key(self, fingerprint: str) -> None:
        """This agent's own key from now on."""
        self._fingerprint = fingerprint

    def end_revoked(self) -> list[str]:
        """Ends the jobs in which a key takes part that was revoked meanwhile; their ids."""
        with self._lock:
            jobs = [(job_id, job.spec) for job_id, job in self._active.items()]
        ended = []
        for job_id, spec in jobs:
            try:
                self._check_revoked(spec)
            except IdentityError as error:
                self.stop(job_id, error.to_dict())
                ended.append(job_id)
        return ended

    def _check_revoked(self, spec: JobSpec) -> None:
        for peer in spec.roles:
            self._revoked.check(peer.fingerprint, party_identity(peer.party).uri)

    def recover(self) -> None:
        """Once, before anything else: whatever a former agent left unfinished is recorded as failed."""
        for job_id in recover(self._home, self._party):
            self._log.warning("job failed: the agent ended while it ran", job=job_id)
        for job_id, role in self._audit.open_roles():
            for status in self.statuses(job_id) if self._home.spec(job_id).exists() else []:
                if status.role == role:
                    self._note_end(status)

    def busy(self) -> list[str]:
        with self._lock:
            return list(self._active)

    def submit(self, spec: JobSpec) -> list[RoleStatus]:
        """Takes a job in and starts this party's workers. The same text again gives the same answer.

        Raises JobError FW-JOB-061 … -067, -520 (the party's policy); IdentityError FW-ID-062, -063, -520,
        -522 (a revoked key); DataError (a table that is not registered here, does not fit, or has changed); StateError
        FW-STATE-520.
        """
        self._check_revoked(spec)  # before the pins: those of revoked keys are gone
        roles = check_roles(spec, self._party, self._fingerprint, self._peers)
        known = self._known(spec)
        if known is not None:
            return known
        self._check_allowed(spec, roles)
        with self._lock:
            known = self._known(spec)
            if known is not None:
                return known
            self._check_room()
            self._start(spec, {role: first_record(spec, role, self._party) for role in roles})
        self._log.info("job taken in", job=spec.job_id, roles=roles, algorithm=spec.algorithm)
        return self.statuses(spec.job_id)

    def resume(self, spec: JobSpec) -> list[RoleStatus]:
        """Starts a failed job's next attempt. The same text again gives the same answer.

        Raises what ``submit`` raises, and JobError FW-JOB-066 (never here), FW-JOB-503, -504, -770 (it succeeded).
        """
        self._check_revoked(spec)
        roles = check_roles(spec, self._party, self._fingerprint, self._peers)
        self._let_go(spec.job_id)
        self._check_allowed(spec, roles)
        with self._lock:
            known = read_struct(self._home.spec(spec.job_id), JobSpec)
            if known == spec:
                return self.statuses(spec.job_id)
            before = self.statuses(spec.job_id)
            ended = spec.job_id not in self._active and all(it.state in ("success", "failed") for it in before)
            check_attempt(known, spec, ended, self._party)
            check_not_done(self._home, spec, before, self._party)
            self._check_room()
            for role in roles:  # a role may have been done when another one failed
                remove_part(self._home.root, spec.job_id, role)
            self._start(spec, {it.role: next_record(spec, it) for it in before})
        self._log.info("job goes on", job=spec.job_id, roles=roles, attempt=spec.attempt)
        return self.statuses(spec.job_id)

    def _let_go(self, job_id: str) -> None:
        """A role's record is final a moment before its process is gone: that moment is waited for."""
        over = all(status.state in ("success", "failed") for status in self.statuses(job_id))
        with self._lock:
            job = self._active.get(job_id)
            workers = list(job.workers.values()) if job is not None and over else []
        end = time.monotonic() + LET_GO
        for worker in workers:
            worker.ended.wait(max(0.0, end - time.monotonic()))

    def _check_allowed(self, spec: JobSpec, roles: list[Role]) -> None:
        check_job(self._policy.now(), spec, self._party, roles, self._peers)
        for role in roles if spec.algorithm != "example" else []:
            if role == "arbiter":
                continue
            dataset_id = spec.role_datasets.get(role, "")
            if not dataset_id:
                raise JobError("FW-JOB-065", role=role, party=self._party)
            check_dataset(spec, role, self._datasets.verify(dataset_id))

    def _check_room(self) -> None:
        if self._closed:
            raise JobError("FW-JOB-069", party=self._party)
        if len(self._active) >= MAX_QUEUED:
            raise JobError("FW-JOB-064", limit=MAX_QUEUED, party=self._party)

    def _known(self, spec: JobSpec) -> list[RoleStatus] | None:
        path = self._home.spec(spec.job_id)
        if not path.exists():
            return None
        if read_struct(path, JobSpec) != spec:
            raise JobError("FW-JOB-063", job=spec.job_id, party=self._party)
        return self.statuses(spec.job_id)

    def _start(self, spec: JobSpec, records: dict[Role, RoleStatus]) -> None:
        """On the disk first, the job's text last: without it there is no job, or only the attempt before."""
        folder, roles = self._home.job(spec.job_id), list(records)
        known_spec = read_struct(self._home.spec(spec.job_id), JobSpec) if spec.attempt > 1 else spec
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            for role, record in records.items():
                write_struct(self._home.status(spec.job_id, role), record)
            roles_of = {peer.role: peer.party for peer in spec.roles}
            kind = {"algorithm": spec.algorithm, "project": spec.project, "privacy": spec.privacy}
            self._audit.record("agent", STARTS, spec.job_id, own=roles, roles=roles_of, **kind)
            write_struct(self._home.spec(spec.job_id), spec)
        except BaseException as error:
            if spec.attempt == 1:
                shutil.rmtree(folder, ignore_errors=True)
            for role in roles if spec.attempt > 1 else []:
                self._last_words.fail(known_spec, role, {"code": "FW-JOB-005", "params": {}})
            if isinstance(error, OSError):
                raise JobError("FW-JOB-502", **refused(error, self._home, roles[0], self._party)) from None
            raise
        job = self._active[spec.job_id] = _Active(spec)
        try:
            for role in roles:
                job.workers[role] = WorkerProcess(self._home, spec.job_id, role, self._worker, self._worker_ended)
        except BaseException as error:
            cause = error.to_dict() if isinstance(error, JobError) else dict(STOPPED)
            del self._active[spec.job_id]
            for role in roles:
                started = job.workers.get(role)
                if started is None:
                    self._last_words.fail(spec, role, cause)
                else:
                    started.stop_cause = cause
                    started.signal(SIGKILL)
            raise
        self._next_turn()

    def _next_turn(self) -> None:
        """Gives the oldest job its turn. Call with the lock held."""
        for job_id, job in self._active.items():
            if not job.has_turn:
                job.has_turn = True
                for worker in job.workers.values():
                    worker.give_turn()
                self._log.info("turn", job=job_id)
            return

    def _worker_ended(self, worker: WorkerProcess) -> None:
        """Called from the worker's own thread once it has been reaped."""
        ended = worker.how_it_ended()
        params = {"role": worker.role, "party": self._party, "how": ended}
        cause = worker.stop_cause or {"code": "FW-JOB-060", "params": params}
        with self._lock:
            try:
                spec = read_struct(self._home.spec(worker.job_id), JobSpec)
                silent = worker.stop_cause is None and (worker.returncode or 0) > 0
                changed = self._last_words.fail(spec, worker.role, cause, silent=silent)
                self._log.info("worker ended", job=worker.job_id, role=worker.role, how=ended, unexpected=changed)
                self._note_end(self._last_words.read(spec, worker.role))
            except (OSError, FedwardenError) as error:  # a full disk must not keep the next job from its turn
                self._log.error("record not written", job=worker.job_id, role=worker.role, why=type(error).__name__)
            job = self._active.get(worker.job_id)
            if job is not None and job.over:
                del self._active[worker.job_id]
                self._next_turn()

    def _note_end(self, status: RoleStatus) -> None:
        """What a role came to, and what it revealed to whom: kinds and counts."""
        revealed = [{key: item[key] for key in _TOLD if key in item} for item in status.revealed]
        code = (status.cause or {}).get("code", "")
        rows = {"rows": status.result["aligned"]} if "aligned" in status.result else {}
        about = {"role": status.role, "state": status.state, "cause": code, "revealed": revealed, **rows}
        self._audit.record("agent", ENDED, status.job_id, **about)

    def statuses(self, job_id: str) -> list[RoleStatus]:
        """This party's roles of one job. Raises JobError FW-JOB-066 for a job that was never here."""
        path = self._home.spec(job_id)
        if not path.exists():
            raise JobError("FW-JOB-066", job=job_id, party=self._party)
        spec = read_struct(path, JobSpec)
        with self._lock:
            return [self._last_words.read(spec, role) for role in own_roles(spec, self._party)]

    def all(self) -> list[RoleStatus]:
        folders = sorted(self._home.jobs.iterdir()) if self._home.jobs.exists() else []
        return [
            status for folder in folders if (folder / "spec.json").exists() for status in self.statuses(folder.name)
        ]

    def stop(self, job_id: str, cause: dict[str, Any] | None = None) -> list[RoleStatus]:
        """Ends a job as failed and answers when its workers are gone (at most about five seconds).

        A job that has ended already stays as it is. Raises JobError FW-JOB-066 for an unknown one.
        """
        with self._lock:
            job = self._active.get(job_id)
            workers = list(job.workers.values()) if job is not None else []
        for worker in workers:
            given = cause or STOPPED
            worker.ask_to_stop({"role": worker.role, "party": self._party, **given})
        begun = time.monotonic()
        for wait_until, number in ((TERM_AFTER, SIGTERM), (KILL_AFTER, SIGKILL), (KILL_AFTER + 5.0, SIGKILL)):
            for worker in workers:
                if not worker.ended.wait(max(0.0, begun + wait_until - time.monotonic())):
                    worker.signal(number)
        return self.statuses(job_id)

    def close(self, cause: dict[str, Any]) -> None:
        """Takes no more jobs in and ends those that are here, all at once."""
        with self._lock:
            self._closed = True
            jobs = list(self._active)
        threads = [threading.Thread(target=self.stop, args=(job_id, cause), daemon=True) for job_id in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(KILL_AFTER + 6.0)

    def logs(self, job_id: str, limit: int = 1 << 20) -> bytes:
        """JSON lines of this party's roles, the last ``limit`` bytes of each, whole lines only."""
        out = []
        for status in self.statuses(job_id):
            path = self._home.log(job_id, status.role)
            if path.exists():
                with path.open("rb") as handle:
                    size = handle.seek(0, 2)
                    handle.seek(max(0, size - limit))
                    text = handle.read(limit)
                out.append(text.split(b"\n", 1)[-1] if size > limit else text)
        return b"".join(out)

    def route(self, name: str) -> Route:
        """Where a data connection goes that asks for ``<job_id>.<role>.fedwarden``.

        A function that takes the descriptor: the role's worker, or, once that has failed, who says so; ``park`` while
        the job is not known here yet; None: refuse.
        """
        job_id, _, rest = name.partition(".")
        role, _, tail = rest.partition(".")
        if tail != "fedwarden":
            return None
        with self._lock:
            job = self._active.get(job_id)
            if job is not None:
                worker = job.workers.get(role)
                if worker is not None and not worker.ended.is_set():
                    return worker.hand_over
                return self._after_end.of(job_id, role)
        try:
            return self._after_end.of(job_id, role) if self._home.spec(job_id).exists() else "park"
        except FedwardenError:
            return None
