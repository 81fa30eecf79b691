"""``hetero_lr`` and ``hetero_linr`` at one role: align, split, train, evaluate, store this role's part of the model."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

from fedwarden.common.errors import EngineError
from fedwarden.party.training.engine_failures import translate

if TYPE_CHECKING:
    from fedwarden.party.jobs.role_job import RoleJob

# The processes of a job share the host's cores with each other; more threads than this only fight.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# The allocator of the library that reads tables gives address space back at once where a limit counts it.
GIVE_BACK = ("_RJEM_MALLOC_CONF", "retain:false,dirty_decay_ms:0,muzzy_decay_ms:0")


def run(job: RoleJob) -> None:
    """Raises EngineError (what the mathematics refuses), DataError (the table), LinkError (a peer)."""
    for name in THREADS:
        os.environ.setdefault(name, "1")
    if resource.getrlimit(resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY:
        os.environ.setdefault(*GIVE_BACK)
    from fedwarden.engine import errors as engine
    from fedwarden.party.training.arbiter import run_arbiter
    from fedwarden.party.training.data_party import run_data_party

    try:
        if job.role == "arbiter":
            run_arbiter(job)
        else:
            run_data_party(job)
    except engine.EngineError as failure:
        job.status.reveal(list(failure.revealed))
        raise _told(failure) from failure


def _told(failure: Exception) -> EngineError:
    code, params = translate(failure)
    return EngineError(code, **params)
