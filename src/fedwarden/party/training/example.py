"""The ``example`` algorithm at one role: a secure addition through every channel of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedwarden.common.errors import JobError

if TYPE_CHECKING:
    from fedwarden.party.jobs.role_job import RoleJob


def run(job: RoleJob) -> None:
    """Writes the expected and the obtained total into the guest's record.

    Raises JobError FW-JOB-108 when they differ, LinkError when a peer is gone.
    """
    from fedwarden.engine.secure_add import DATA_NUM, secure_add

    data_num = int(job.spec.options.get("data_num", DATA_NUM))
    roles = [peer.role for peer in job.spec.roles]
    with job.status.phase("secure addition", state="running"):
        total = secure_add(job.mesh, job.role, roles, data_num=data_num)
        if total is None:
            return
        job.status.update(result={"expected": total.expected, "obtained": total.obtained, "data_num": data_num})
        what = "the total (with two data parties each can subtract its own part, so it hides nothing)"
        job.status.reveal([{"what": what if len(job.data_roles) == 2 else "the total", "to": "guest", "count": 1}])
        if total.obtained != total.expected:
            raise JobError("FW-JOB-108", expected=total.expected, obtained=total.obtained)
