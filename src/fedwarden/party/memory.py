"""Whether a data party's work fits into its machine's memory: from public sizes, before the table is read."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fedwarden.common.api import Dataset
from fedwarden.common.errors import JobError
from fedwarden.engine.context import receive

if TYPE_CHECKING:
    from fedwarden.party.worker import RoleJob

MB = 1 << 20
COLUMNS = "columns"
#: Libraries, message queues and socket buffers; bytes.
BASE = 300 * MB
#: Bytes per row beside the columns: an id and its token while the table is read, vectors of shares while it is trained.
ID_BYTES, SHARE_BYTES = 250, 22 * 8
_GROUP = Path("/sys/fs/cgroup")


def needed(rows: int, own: int, others: int) -> int:
    """Bytes that a data party's process takes at its peak: the larger of reading its table and of training on it.

    Reading holds a cell up to three times; training holds the party's own columns (and a label's) as numbers and in the
    ring, and the other parties' in the ring. More rows than are in common are counted: they are not known before.
    """
    reading = rows * (24 * own + ID_BYTES)
    training = rows * (8 * (2 * (own + 1) + others) + SHARE_BYTES)
    return BASE + max(reading, training)


def available(proc: Path = Path("/proc"), group: Path = _GROUP) -> int:
    """Bytes that this process may still take: of the machine, of its control group, of its own limit."""
    found = [_machine(proc), *_groups(proc, group)]
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        used = int((proc / "self/statm").read_text().split()[0]) * resource.getpagesize()
        found.append(max(0, limit - used))
    return min(found)


def check(job: RoleJob, dataset: Dataset) -> None:
    """Puts the estimate into the record. Raises JobError FW-JOB-400 when the machine cannot hold it.

    The data parties tell each other their numbers of columns (constant ones included, of which training says nothing)
    before anything else, and the record says so.
    """
    others = [role for role in job.data_roles if role != job.role]
    for role in others:
        job.mesh.send(role, COLUMNS, np.array([len(dataset.features)], dtype=np.uint64))
    job.status.reveal([{"what": "number of columns", "to": "data parties", "count": 1}])
    theirs = sum(int(receive(job.mesh, role, COLUMNS, 1)[0]) for role in others)
    wanted, free = needed(dataset.rows, len(dataset.features), theirs), available()
    job.status.update(result={"memory_needed_mb": wanted // MB, "memory_available_mb": free // MB})
    if wanted > free:
        raise JobError("FW-JOB-400", role=job.role, party=job.party, needed=wanted // MB, available=free // MB)


def _machine(proc: Path) -> int:
    lines = (proc / "meminfo").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))


def _groups(proc: Path, group: Path) -> list[int]:
    """What each control group (version 2) above this process still grants; nothing where there is no limit."""
    try:
        own = next(line for line in (proc / "self/cgroup").read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return []
    here = group / own.removeprefix("0::").strip().lstrip("/")
    found = []
    for folder in (here, *here.parents):
        if not folder.is_relative_to(group):
            break
        try:
            limit = (folder / "memory.max").read_text().strip()
            if limit != "max":
                found.append(max(0, int(limit) - int((folder / "memory.current").read_text())))
        except (OSError, ValueError):
            continue
    return found
