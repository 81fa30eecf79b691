"""Where a job's new attempt begins: the newest place that every data party has kept, or from the start.

Each data party tells every role the places it could go on from (numbers and a digest of rows and plan, nothing of what
is kept there); all take the newest one in common. The arbiter keeps nothing and only hears.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedwarden.engine.errors import PeerViolation
from fedwarden.party.training.checkpoints import STAGES, Checkpoints, Mark

if TYPE_CHECKING:
    from fedwarden.party.jobs.role_job import RoleJob

TAG = "resume.places"
MOST = 8
_DIGEST = 32


def agree(job: RoleJob) -> Mark | None:
    """The place all go on from; None: from the start, because this is the first attempt or nothing is in common.

    Raises PeerViolation for an offer that is none.
    """
    if job.spec.attempt == 1 or job.spec.algorithm != "hetero_lr":
        return None
    with job.status.phase("resume", state="running"):
        offers = []
        if job.role in job.data_roles:
            mine = Checkpoints(job.home, job.spec.job_id, job.role).marks()[-MOST:]
            for role in job.others:
                job.mesh.send(role, TAG, *_encoded(mine))
            offers.append(set(mine))
        offers += [_heard(job, role) for role in job.data_roles if role != job.role]
        common = set.intersection(*offers)
        return max(common) if common else None


def note_start(job: RoleJob, start: Mark | None) -> None:
    """Into the record: from where this attempt goes on, and what is opened once more because of it."""
    if job.spec.attempt == 1:
        return
    before: dict[str, Any] = job.status.record.attempts[-1] if job.status.record.attempts else {}
    if start is None:
        job.status.begin_again()
        job.status.notice("FW-NOTE-502", attempt=job.spec.attempt)
        return
    done = start.lengthened * int(job.spec.options["max_iter"]) + start.iteration
    job.status.notice("FW-NOTE-501", attempt=job.spec.attempt, phase=start.name, iteration=done)
    repeated = int(before.get("iteration", 0)) - done if before.get("phase") == start.name else 0
    if repeated > 0:
        what = f"attempt {job.spec.attempt}: iterations repeated, with their losses and norms"
        job.status.reveal([{"what": what, "to": "data parties", "count": repeated}])


def _encoded(marks: list[Mark]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    places = np.array([mark[:3] for mark in marks], dtype=np.uint64).reshape(len(marks), 3)
    digests = np.frombuffer(b"".join(mark.digest for mark in marks), dtype=np.uint8).reshape(len(marks), _DIGEST)
    return places, digests


def _heard(job: RoleJob, role: str) -> set[Mark]:
    arrays = job.mesh.recv(role, TAG, MOST * (3 * 8 + _DIGEST))
    if len(arrays) != 2 or arrays[0].dtype != np.uint64 or arrays[1].dtype != np.uint8:
        raise PeerViolation(peer=role, tag=TAG, what="no list of places")
    places, digests = arrays
    count = len(places) if places.ndim else 0
    if count > MOST or places.shape != (count, 3) or digests.shape != (count, _DIGEST):
        raise PeerViolation(peer=role, tag=TAG, what="no list of places")
    marks = {
        Mark(stage, lengthened, iteration, digest.tobytes())
        for (stage, lengthened, iteration), digest in zip(places.tolist(), digests, strict=True)
    }
    if any(mark.stage >= len(STAGES) for mark in marks):
        raise PeerViolation(peer=role, tag=TAG, what="an unknown stage")
    return marks
