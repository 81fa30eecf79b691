"""The arbiter's part of a training: matching keyed tokens, then dealing correlated randomness. It reads no table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fedwarden.engine.alignment import align_arbiter
from fedwarden.engine.context import DealerContext, open_dealer
from fedwarden.party.jobs.resuming import agree, note_start
from fedwarden.party.training import algorithms
from fedwarden.party.training.checkpoints import Mark
from fedwarden.party.training.memory import ArbiterPlace
from fedwarden.party.training.resources import Usage

if TYPE_CHECKING:
    from fedwarden.engine.result import DealerResult
    from fedwarden.party.jobs.role_job import RoleJob


def run_arbiter(job: RoleJob) -> None:
    """What the arbiter learns (sizes and overlaps) goes into its record; nothing else reaches it."""
    options, status = job.spec.options, job.status
    hosts = job.data_roles[1:]
    usage = Usage()
    sent: Counter[str] = Counter()  # bytes to each peer by the protocol's formula
    start = agree(job)
    note_start(job, start)
    if start is None or start.name == "train":
        ctx = None
        if start is None:
            with status.phase("align", state="running"):
                if options["psi"] == "arbiter":
                    alignment = align_arbiter(job.mesh, hosts, minimum=int(options["min_intersection"]))
                    status.reveal(alignment.revealed)
                    sent.update(alignment.sent)
                    status.update(result={"aligned": alignment.size})
                ctx = _open(job)  # waits until the parties are aligned
        with status.phase("train", state="running"):
            outcome = _deal(job, ctx or _open(job), usage, start)
            status.reveal(outcome.revealed)
            sent.update(outcome.sent)
        start = None
    if float(options["validation"]) > 0 and options.get("refit", True):
        with status.phase("refit", state="running"):
            outcome = _deal(job, _open(job), usage, start)
            status.reveal([{**item, "what": f"refit: {item['what']}"} for item in outcome.revealed])
            sent.update(outcome.sent)
    by_formula = {"bytes_by_formula": dict(sent)} if job.spec.algorithm == "hetero_lr" else {}
    status.update(result={**usage.figures(), **by_formula})


def _open(job: RoleJob) -> DealerContext:
    return open_dealer(job.mesh, job.role, job.data_roles, job.spec.job_id, ArbiterPlace(job))


def _deal(job: RoleJob, ctx: DealerContext, usage: Usage, start: Mark | None) -> DealerResult:
    begin = start.position if start is not None and any(start.position) else None
    progress = usage.progress(job.status.progress)
    return algorithms.train_dealer(job.spec.algorithm, ctx, job.spec.options, progress, begin)
