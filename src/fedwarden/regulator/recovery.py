"""Taking back, or finishing, what a command had begun when it was killed. Runs with the lock held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fedwarden.common.api import JobSpec
from fedwarden.common.errors import RemoteError
from fedwarden.regulator.store import all_of, audit
from fedwarden.regulator.tables import DeploymentRow, JobRow

if TYPE_CHECKING:
    from fedwarden.regulator.desk import Desk


def recover(desk: Desk) -> None:
    """Nobody else holds the lock, so whatever is half done belongs to nobody."""
    from fedwarden.regulator import resuming
    from fedwarden.regulator.deletion import finish_delete
    from fedwarden.regulator.deployments import take_back
    from fedwarden.regulator.desk import shown, site_of
    from fedwarden.regulator.publishing import write_published

    with desk.store.begin() as session:
        half = all_of(session, DeploymentRow, DeploymentRow.state.in_(("deploying", "deleting")))
        unsent = all_of(session, JobRow, JobRow.state == "submitting")
        unresumed = all_of(session, JobRow, JobRow.state == "resuming")
        owners = {row.id: session.get_one(DeploymentRow, row.deployment_id) for row in unsent + unresumed}
    for row in half:
        if row.state == "deleting" and any(member.place for member in site_of(row).members):
            continue  # a host was down: `delete`, given again, finishes it and says what is left
        try:
            if row.state == "deploying":
                take_back(desk, desk.engine(row.engine), site_of(row))
            else:
                finish_delete(desk, row)
        except RemoteError as error:  # other hosts wait for a command that can log into them
            desk.note("FW-NOTE-162", deployed=shown(row), why=error.message())
            continue
        desk.note("FW-NOTE-005", deployed=shown(row))
    for job in unsent:
        owner = owners[job.id]
        desk.engine(owner.engine).stop(site_of(owner), msgspec.convert(job.spec, JobSpec), "FW-JOB-005")
        with desk.store.begin() as session:
            session.delete(session.get_one(JobRow, job.id))
            audit(session, "submit taken back", job.id)
    for job in unresumed:
        resuming.take_back(desk, job, desk.engine(owners[job.id].engine), site_of(owners[job.id]))
    write_published(desk)
