"""One role of one job, in a process of its own: ``python -m fedwarden.party.worker --home H --job ID --role R --fd N``.

A crash here ends one role of one job, never the agent. The order of things: connect to every other role (cheap: no
numerical library is imported yet), wait for the party's turn and everybody else's, run the algorithm, store what it
leaves, and say ``success`` only when every role has said that it is done.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, Protocol

from fedwarden.common.api import JobSpec, Role
from fedwarden.common.disk import DISK
from fedwarden.common.errors import FedwardenError, JobError
from fedwarden.common.files import read_struct
from fedwarden.party.jobs import worker_log
from fedwarden.party.jobs.role_job import RoleJob
from fedwarden.party.jobs.status import StatusFile
from fedwarden.party.models.parts import remove_part
from fedwarden.transport.handoff import WorkerEnd
from fedwarden.transport.mesh import Mesh

#: Seconds to reach every other role's worker, and for everybody to say DONE once this role is done.
CONNECT_SECONDS = 60.0
DONE_SECONDS = 120.0
#: Seconds between the word to stop and the end of this process, for the ABORT frames to leave.
LAST_WORDS = 0.5
#: Bytes of the stack of each thread but the first: two per channel wait and copy, no more. The system's own choice
#: (8 MiB) counts in a process's limits, touched or not.
THREAD_STACK = 1 << 20


class Runner(Protocol):
    """What an algorithm's module offers: does the role's work and returns how to undo what it stored."""

    def __call__(self, job: RoleJob) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(prog="fedwarden-worker")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--job", required=True)
    parser.add_argument("--role", required=True)
    parser.add_argument("--fd", type=int, required=True)
    words = parser.parse_args()
    threading.stack_size(THREAD_STACK)
    folder = words.home / "jobs" / words.job
    worker_log.configure(folder / f"{words.role}.log.jsonl")
    spec = read_struct(folder / "spec.json", JobSpec)
    party = next(peer.party for peer in spec.roles if peer.role == words.role)
    status = StatusFile(folder / f"{words.role}.status.json", spec, words.role, party, os.getpid())
    with WorkerEnd(words.fd) as agent:
        worker = Worker(words.home, spec, words.role, agent, status)
        sys.exit(worker.run())


class Worker:
    """Runs one role; whoever notices a failure first (this thread, the agent's watcher, a signal) writes the cause."""

    def __init__(self, home: Path, spec: JobSpec, role: Role, agent: WorkerEnd, status: StatusFile) -> None:
        self.home, self.spec, self.role, self.agent, self.status = home, spec, role, agent, status
        self.mesh = Mesh(home, spec, role, agent)
        self.job = RoleJob(home, spec, role, self.mesh, status)
        self.turn = threading.Event()

    def run(self) -> int:
        """The process's exit code: 0 success, 1 failed (the cause is in the record)."""
        status, log = self.status, self.job.log
        signal.signal(signal.SIGTERM, lambda *_: self._end_now({"code": "FW-JOB-101", "params": {}}))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=self._watch_agent, name="agent", daemon=True).start()
        try:
            with status.phase("connect"):
                log.info("connect", peers=self.job.others)
                self.mesh.connect(CONNECT_SECONDS)
                status.follow_links(self.mesh.counters)
                for role in self.mesh.relayed:
                    what = f"relayed: link {self.role}–{role} through the regulator; sizes seen"
                    status.reveal([{"what": what, "to": "regulator", "count": 1}])
            with status.phase("wait for turn"):
                self._wait_for_everybody()
            log.info("start", algorithm=self.spec.algorithm)
            self._runner()(self.job)
            with status.phase("finish"):
                self.mesh.barrier("done", DONE_SECONDS)
            status.succeed()
            shutil.rmtree(self.home / "jobs" / self.spec.job_id / f"{self.role}.resume", ignore_errors=True)
            log.info("success")
            self.mesh.close()
            return 0
        except FedwardenError as error:
            return self._fail(self.mesh.first_cause() or self._cause(error))
        except MemoryError:
            return self._fail(self._cause(JobError("FW-JOB-104", role=self.role, party=self.job.party)))
        except OSError as error:
            log.error("failed", trace=worker_log.places(error))
            return self._fail(self._cause(self._refusal(error)))
        except Exception as error:
            # the text of a foreign exception may quote data, so the record names only its kind and the place
            log.error("failed", trace=worker_log.places(error))
            where = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}"
            return self._fail(self.mesh.first_cause() or self._cause(JobError("FW-JOB-103", why=why)))

    def _runner(self) -> Runner:
        # numerical libraries are imported here, once it is this job's turn
        if self.spec.algorithm == "example":
            from fedwarden.party.training.example import run
        else:
            from fedwarden.party.training.run import run
        return run

    def _wait_for_everybody(self) -> None:
        """A job starts when every role has its party's turn; a dead peer is noticed by its channel meanwhile."""
        end = time.monotonic() + float(self.spec.options.get("queue_timeout", 86_400))
        while not self.turn.wait(0.2):
            self.mesh.check()
            if time.monotonic() > end:
                raise JobError("FW-JOB-102", role=self.role, party=self.job.party)
        self.mesh.barrier("ready", max(1.0, end - time.monotonic()))

    def _watch_agent(self) -> None:
        for message in self.agent.messages():
            if message.kind == "G":
                self.turn.set()
            elif message.kind == "S":
                self._end_now(message.cause or {"code": "FW-JOB-101", "params": {}})
        if not self.status.ended:
            self._end_now({"code": "FW-JOB-106", "params": {"party": self.job.party}})

    def _cause(self, error: FedwardenError) -> dict[str, Any]:
        return {**error.to_dict(), "role": self.role, "party": self.job.party}

    def _refusal(self, error: OSError) -> JobError:
        if error.errno in DISK:
            why = error.strerror or type(error).__name__
            return JobError("FW-JOB-502", role=self.role, party=self.job.party, folder=str(self.home), why=why)
        return JobError("FW-JOB-105", why=f"{type(error).__name__}: {error.strerror}")

    def _fail(self, cause: dict[str, Any]) -> int:
        with contextlib.suppress(
            OSError
        ):  # a full disk: the peers are told, and the agent says it in the record's place
            self.status.fail(cause)
        self.job.log.error("failed", cause=cause)
        with contextlib.suppress(Exception):
            self.mesh.abort(cause)
        with contextlib.suppress(OSError):  # a part that was stored before the others failed is no model
            remove_part(self.home, self.spec.job_id, self.role)
        return 1

    def _end_now(self, cause: dict[str, Any]) -> None:
        """From another thread or a signal, while the main thread may be deep in a kernel."""
        self._fail({"role": self.role, "party": self.job.party, **cause})
        time.sleep(LAST_WORDS)
        os._exit(1)


if __name__ == "__main__":
    main()
