"""Whether a data party's work fits into its machine's memory: from public sizes, before the table is read."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fedwarden.common.api import Dataset, JobPeer
from fedwarden.common.errors import JobError
from fedwarden.engine.context import receive
from fedwarden.engine.executor import BLOCK_BYTES, InMemory, Remade
from fedwarden.engine.streams import Address, Streams
from fedwarden.engine.tall import Tall
from fedwarden.party.training import ray_blocks
from fedwarden.party.training.blocks import Disk, Memory, Place, disk_bytes

if TYPE_CHECKING:
    from fedwarden.party.jobs.role_job import RoleJob

MB = 1 << 20
COLUMNS = "columns"
#: Libraries, message queues and socket buffers; bytes.
BASE = 300 * MB
#: Address space that libraries reserve and hardly touch (buffers of linear algebra, stacks of threads): it counts in
#: RLIMIT_DATA and nowhere else.
RESERVED = 96 * MB
#: Bytes per row beside the columns: an id and its token while the table is read, vectors of shares while it is trained.
ID_BYTES, SHARE_BYTES = 250, 22 * 8
#: Bytes per row while a table is read by groups of columns: a group's text or numbers, a label, the order of rows.
LOADED_BYTES = 6 * 8
#: Bytes per pair of own columns: moments and their square root.
SQUARES = 6 * 8
_GROUP = Path("/sys/fs/cgroup")


def needed(rows: int, own: int, others: int) -> int:
    """Bytes that a data party's process takes at its peak: the larger of reading its table and of training on it.

    Reading holds a cell up to three times; training holds the party's own columns (and a label's) as numbers and in the
    ring, and the other parties' in the ring. More rows than are in common are counted: they are not known before.
    """
    reading = rows * (24 * own + ID_BYTES)
    training = rows * (8 * (2 * (own + 1) + others) + SHARE_BYTES)
    return BASE + SQUARES * own * own + max(reading, training)


def needed_by_blocks(rows: int, own: int) -> int:
    """The same where cells and matrices are on disk: what has a value per row stays, and a few blocks."""
    return BASE + SQUARES * own * own + 2 * BLOCK_BYTES + rows * (ID_BYTES + LOADED_BYTES)


def needed_by_arbiter(rows: int, columns: int, *, blocks: bool) -> int:
    """Bytes of the arbiter's process, which holds or remakes a mask for every column of all parties."""
    return BASE + rows * SHARE_BYTES + (2 * BLOCK_BYTES if blocks else 8 * rows * columns)


def available(proc: Path = Path("/proc"), group: Path = _GROUP, *, limits: bool = True) -> int:
    """Bytes that this process may still take: of the machine, of its control group, and of its own limits (which other
    processes have for themselves) unless ``limits`` is false."""
    found = [_machine(proc), *_groups(proc, group)]
    if not limits:
        return min(found)
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        used = int((proc / "self/statm").read_text().split()[0]) * resource.getpagesize()
        found.append(max(0, limit - used))
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    if limit != resource.RLIM_INFINITY:  # BASE counts what is taken already; mapped files do not count here
        found.append(max(0, limit - RESERVED))
    return min(found)


def check(job: RoleJob, dataset: Dataset) -> Place:
    """Where this party's rows will be; the estimate goes into the record.

    The data parties tell each other their numbers of columns (constant ones included, of which training says nothing)
    before anything else, and the record says so. Roles that run on this machine too are counted: they take from the
    same memory.

    Raises JobError: FW-JOB-400 when the machine cannot hold it, -420 when it could by blocks but the table is no
    Parquet file, -421 when its disk cannot.
    """
    columns = _columns(job, len(dataset.features))
    own, rows, wish = len(dataset.features), dataset.rows, str(job.spec.options.get("blocks", "auto"))
    beside = [peer.role for peer in _beside(job)]
    others = sum(columns.values()) - own
    whole, blocks = needed(rows, own, others), needed_by_blocks(rows, own)
    limit, mine = available(), {"memory": whole, "disk": blocks}
    for role in beside:  # in auto they go to disk as well where they must
        theirs = columns.get(role, 0)
        small = needed_by_arbiter(rows, 0, blocks=True) if role == "arbiter" else needed_by_blocks(rows, theirs)
        whole += small if role == "arbiter" else needed(rows, theirs, own + others - theirs)
        blocks += small
    free = available(limits=False)
    if mine["memory" if wish != "disk" else "disk"] > limit:  # a limit of this process alone is what does not fit
        whole, blocks, free = mine["memory"], mine["disk"], limit
    disk = wish == "disk" or (wish == "auto" and whole > free)
    wanted, place = (blocks, "disk") if disk else (whole, "memory")
    job.status.update(
        result={
            "memory_needed_mb": wanted // MB,
            "memory_available_mb": free // MB,
            "memory_by_place_mb": {"memory": whole // MB, "disk": blocks // MB},
            "blocks": place,
        }
    )
    if wanted > free:
        raise JobError("FW-JOB-400", role=job.role, party=job.party, needed=wanted // MB, available=free // MB)
    if not disk:
        return _in_memory(job)
    return _on_disk(job, dataset, whole, free, disk_bytes(rows, own, [others]))


def _in_memory(job: RoleJob) -> Place:
    """Arrays, or matrices on the cluster that the party's operator names. Raises JobError FW-JOB-422."""
    try:
        cluster = ray_blocks.wished()
        if cluster is None or job.spec.algorithm != "hetero_lr":
            return Memory()
        place = ray_blocks.OnRay(*cluster)
    except (ImportError, ValueError, OSError) as error:
        why = type(error).__name__
        raise JobError("FW-JOB-422", role=job.role, party=job.party, variable=ray_blocks.VARIABLE, why=why) from error
    job.status.update(result={"blocks": "ray"})
    return place


def _columns(job: RoleJob, own: int) -> dict[str, int]:
    others = [role for role in job.data_roles if role != job.role]
    for role in others:
        job.mesh.send(role, COLUMNS, np.array([own], dtype=np.uint64))
    job.status.reveal([{"what": "number of columns", "to": "data parties", "count": 1}])
    theirs = {role: int(receive(job.mesh, role, COLUMNS, 1)[0]) for role in others}
    return {**theirs, job.role: own}


def _beside(job: RoleJob) -> list[JobPeer]:
    """Other roles of the job on this machine."""
    own = next(peer for peer in job.spec.roles if peer.role == job.role)
    return [peer for peer in job.spec.roles if peer.role != own.role and own.host == peer.host]


def _on_disk(job: RoleJob, dataset: Dataset, whole: int, free: int, size: int) -> Place:
    if dataset.format != "parquet":
        known = {"role": job.role, "party": job.party, "path": dataset.path}
        raise JobError("FW-JOB-420", **known, needed=whole // MB, available=free // MB)
    folder = job.home / "jobs" / job.spec.job_id
    room = shutil.disk_usage(folder).free
    if size > room:
        known = {"role": job.role, "party": job.party, "folder": str(folder)}
        raise JobError("FW-JOB-421", **known, needed=size // MB, available=room // MB)
    return Disk(folder)


class ArbiterPlace(Remade):
    """Masks are kept where they fit into memory, and made anew by blocks where not: known when the sizes are."""

    def __init__(self, job: RoleJob) -> None:
        self._job = job
        self._blocks = True

    def expect(self, rows: int, columns: Sequence[int]) -> None:
        """Raises JobError FW-JOB-400 when not even the second fits."""
        job, free = self._job, available()
        wish = str(job.spec.options.get("blocks", "auto"))
        needs = {it: needed_by_arbiter(rows, sum(columns), blocks=it == "disk") for it in ("memory", "disk")}
        place = wish if wish != "auto" else "memory" if needs["memory"] <= free else "disk"
        self._blocks = place == "disk"
        job.status.update(
            result={
                "memory_needed_mb": needs[place] // MB,
                "memory_available_mb": free // MB,
                "memory_by_place_mb": {it: size // MB for it, size in needs.items()},
                "blocks": place,
            }
        )
        if needs[place] > free:
            wanted = needs[place] // MB
            raise JobError("FW-JOB-400", role=job.role, party=job.party, needed=wanted, available=free // MB)

    def masks(self, streams: Streams, address: Address, columns: int, rows: int) -> Tall:
        if self._blocks:
            return super().masks(streams, address, columns, rows)
        return InMemory().masks(streams, address, columns, rows)


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
