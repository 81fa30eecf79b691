"""Offline prediction: a job that scores whole tables; its rows stay in the guest's FATE."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from fedwarden.common.api import JobSpec
from fedwarden.common.errors import FedwardenError, JobError
from fedwarden.engines.fate import jobs
from fedwarden.engines.fate.flow import Flow
from fedwarden.engines.fate.records import WORDS
from fedwarden.engines.fate.versions import Version

SECONDS = 3600.0


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rows are: in the guest's FATE, as ``table`` (namespace/name)."""

    job_id: str
    rows: int
    table: str


def predict(flow: Flow, version: Version, spec: JobSpec, work_mode: int, model_id: str, model_version: str) -> Scored:
    """``spec``: the training's, with the tables to score. Raises JobError FW-JOB-601, -603, -604."""
    guest = next(peer.party for peer in spec.roles if peer.role == "guest")
    taken = flow.submit(jobs.predict_body(version, spec, work_mode, model_id, model_version))
    end, pause = time.monotonic() + SECONDS, 0.1
    while True:
        row = next((it for it in flow.rows(taken.job_id) if it.role == "guest" and it.party == guest), None)
        state = WORDS.get(row.state, "failed") if row is not None else "waiting"
        if state == "success":
            break
        if state == "failed":
            raise _why(flow, taken.job_id, guest)
        if time.monotonic() > end:
            flow.stop(taken.job_id)
            raise JobError("FW-JOB-604", party=guest, path=taken.job_id, seconds=round(SECONDS))
        time.sleep(pause)
        pause = min(2 * pause, 2.0)
    table, rows = flow.output_table(taken.job_id, "guest", guest, jobs.components(version, spec.algorithm).work)
    return Scored(job_id=taken.job_id, rows=rows, table=table)


def _why(flow: Flow, job_id: str, guest: int) -> JobError:
    failed: list[Any] = [it for it in flow.tasks(job_id, "guest", guest) if WORDS.get(it.state, "failed") == "failed"]
    for task in failed:
        try:
            why = task.error or flow.failure(job_id, "guest", guest, task.name)
        except FedwardenError:
            why = ""
        if why:
            return JobError("FW-JOB-601", component=task.name, party=guest, why=why)
    return JobError("FW-JOB-603", job=job_id)
