"""The arbiter's part of a training: matching keyed tokens, then dealing correlated randomness. It reads no table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedwarden.engine.alignment import align_arbiter
from fedwarden.engine.context import open_dealer
from fedwarden.party import algorithms
from fedwarden.party.resources import Usage

if TYPE_CHECKING:
    from fedwarden.party.worker import RoleJob


def run_arbiter(job: RoleJob) -> None:
    """What the arbiter learns (sizes and overlaps) goes into its record; nothing else reaches it."""
    options, status = job.spec.options, job.status
    hosts = job.data_roles[1:]
    usage = Usage()
    with status.phase("align", state="running"):
        aligned: dict[str, int] = {}
        if options["psi"] == "arbiter":
            alignment = align_arbiter(job.mesh, hosts, minimum=int(options["min_intersection"]))
            status.reveal(alignment.revealed)
            aligned = {"aligned": alignment.size}
        ctx = open_dealer(job.mesh, job.role, job.data_roles, job.spec.job_id)  # waits until the parties are aligned
    with status.phase("train"):
        outcome = algorithms.train_dealer(job.spec.algorithm, ctx, options, usage.progress(status.progress))
        status.reveal(outcome.revealed)
    if float(options["validation"]) > 0 and options.get("refit", True):
        with status.phase("refit"):
            again = open_dealer(job.mesh, job.role, job.data_roles, job.spec.job_id)
            outcome = algorithms.train_dealer(job.spec.algorithm, again, options, usage.progress(status.progress))
            status.reveal([{**item, "what": f"refit: {item['what']}"} for item in outcome.revealed])
    status.update(result={**aligned, **usage.figures()})
