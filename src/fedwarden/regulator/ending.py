"""Jobs whose parties go away end as failed."""

from __future__ import annotations

from fedwarden.common.errors import FedwardenError, JobError
from fedwarden.regulator.desk import Desk, site_of
from fedwarden.regulator.following import ask_and_store, spec_of, store_failed
from fedwarden.regulator.store import all_of
from fedwarden.regulator.tables import DeploymentRow, JobRow


def end_jobs(desk: Desk, row: DeploymentRow, parties: set[int] | None = None) -> None:
    """Fetches the final records as long as there are agents to ask; what has not ended ends as failed.

    ``parties``: only jobs with a role of one of them.
    """
    engine, site = desk.engine(row.engine), site_of(row)
    with desk.store.begin() as session:
        open_jobs = all_of(session, JobRow, JobRow.deployment_id == row.id, JobRow.complete.is_(False))
    for job in open_jobs:
        if parties is not None and not parties & {peer.party for peer in spec_of(job).roles}:
            continue
        job, lost = ask_and_store(desk, engine, site, job)
        if not job.complete and not lost:
            engine.stop(site, spec_of(job), "FW-JOB-004")
            job, _ = ask_and_store(desk, engine, site, job)
        if not job.complete:
            error: FedwardenError = JobError("FW-JOB-004")
            store_failed(desk, job, error)
        if job.cause is not None and job.cause.get("code") == "FW-JOB-004":
            desk.note("FW-NOTE-009", job=job.id)
