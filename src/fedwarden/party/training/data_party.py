"""A data party's part of a training: its table in, its part of the model out. Nothing of the table leaves the process
except what the protocol masks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedwarden.common.api import Dataset
from fedwarden.common.errors import EngineError
from fedwarden.common.files import read_struct
from fedwarden.engine.alignment import Alignment, align_guest, align_host, receive_split, send_split
from fedwarden.engine.checkpoint import Checkpoint, Keep
from fedwarden.engine.context import PartyContext, open_party
from fedwarden.engine.split import choose_validation_rows
from fedwarden.party.jobs.resuming import agree, note_start
from fedwarden.party.models.parts import ModelPart, write_part
from fedwarden.party.tables.own_table import Table, load_table
from fedwarden.party.training import algorithms, memory
from fedwarden.party.training.baseline import guest_alone
from fedwarden.party.training.blocks import Memory, Place
from fedwarden.party.training.cells import Cells
from fedwarden.party.training.checkpoints import Checkpoints, Mark, RowOrder, Stage
from fedwarden.party.training.evaluate import evaluate
from fedwarden.party.training.resources import Usage, give_back

if TYPE_CHECKING:
    from fedwarden.engine.result import PartyResult
    from fedwarden.party.jobs.role_job import RoleJob

Reals = NDArray[np.float64]


def run_data_party(job: RoleJob) -> None:
    """The guest's and every host's way through a training job."""
    options, status = job.spec.options, job.status
    usage, kept = Usage(), Checkpoints(job.home, job.spec.job_id, job.role)
    with status.phase("load", state="running"):
        dataset = read_struct(job.home / "datasets" / f"{job.spec.role_datasets[job.role]}.json", Dataset)
        place = memory.check(job, dataset)
        table = load_table(job.home, dataset, place.cells, place.between)
        job.log.info("loaded", rows=len(table.ids), columns=len(table.dataset.features))
    sent: Counter[str] = Counter()  # bytes to each peer by the protocol's formula
    start = agree(job)
    note_start(job, start)
    rows = kept.rows() if start is not None else None
    if rows is None:
        kept.erase()
        with status.phase("align"):
            alignment = _align(job, table)
            status.reveal(alignment.revealed)
            sent.update(alignment.sent)
            order, training = _split(job, table, alignment)
    else:
        order, training = rows.rows(), rows.training
    label = _label(job, table)
    label = None if label is None else label[order]
    cells = Cells(place.arrange(table.features, order), place.between)
    del table  # its ids and its own order of rows are not needed any more
    give_back()
    cells.fill(training)
    _notice_missing(job, dataset, cells)
    if job.role == "guest" and job.spec.privacy == "none":
        status.notice("FW-ENG-N04")
    if label is not None and job.spec.algorithm == "hetero_lr" and np.ptp(label[:training]) == 0:
        raise EngineError("FW-ENG-011", label=int(label[0]))
    if start is None or start.name == "train":
        with status.phase("train"):
            ctx = _open(job, place)
            if rows is None:
                rows = RowOrder(id=ctx.attempt, training=training, order=order.astype("<i8").tobytes())
                if job.spec.algorithm == "hetero_lr":
                    kept.keep_rows(rows)
            going = _going(job, "train", rows, kept, start)
            outcome = _train(job, ctx, cells.values, label, training, usage, going)
            status.reveal(outcome.revealed)
            sent.update(outcome.sent)
            _notices(job, dataset, outcome)
            status.update(result={"aligned": len(order), "training_rows": training, **_facts(outcome)})
        if label is not None:
            with status.phase("evaluate"):
                metrics = evaluate(job.spec.algorithm, label, training, outcome)
                if options.get("guest_alone") and not isinstance(place, Memory):
                    status.notice("FW-ENG-420")
                elif options.get("guest_alone"):
                    metrics["guest_alone"] = guest_alone(
                        job.spec.algorithm, cells.values, label, training, float(options["alpha"])
                    )
                status.update(metrics=metrics)
        start = None
    if training < len(order) and options.get("refit", True):
        assert rows is not None
        with status.phase("refit"):
            if start is None and job.spec.algorithm == "hetero_lr":
                kept.begin(rows.id, "refit")
            going = _going(job, "refit", rows, kept, start)
            outcome = _on_all_rows(job, place, cells, label, usage, going)
            sent.update(outcome.sent)
    with status.phase("store"):
        write_part(job.home, _part(job, dataset, outcome))
        by_formula = {"bytes_by_formula": dict(sent)} if job.spec.algorithm == "hetero_lr" else {}
        status.update(result={**usage.figures(), **by_formula})


def _open(job: RoleJob, place: Place) -> PartyContext:
    return open_party(job.mesh, job.role, job.data_roles, "arbiter", job.spec.job_id, place)


class _Going(NamedTuple):
    """How a stage keeps its checkpoints, and the one it goes on from."""

    keep: Keep
    start: Checkpoint | None


def _going(job: RoleJob, stage: Stage, rows: RowOrder, kept: Checkpoints, start: Mark | None) -> _Going:
    return _Going(lambda checkpoint: kept.keep(rows.id, stage, checkpoint), None if start is None else kept.at(start))


def _train(
    job: RoleJob, ctx: PartyContext, features: Reals, label: Reals | None, training: int, usage: Usage, going: _Going
) -> PartyResult:
    progress = usage.progress(job.status.progress)
    return algorithms.train_party(
        job.spec.algorithm, ctx, features, label, training, job.spec.options, progress, going.keep, going.start
    )


def _on_all_rows(
    job: RoleJob, place: Place, cells: Cells, label: Reals | None, usage: Usage, going: _Going
) -> PartyResult:
    """The model that is kept: trained anew on every aligned row, once the held-out rows have done their work.

    Other rows are another matrix: a fresh attempt, with nothing of the first one (docs/protocol.md, section 1).
    """
    give_back()
    values = cells.fill(len(cells.values))
    outcome = _train(job, _open(job, place), values, label, len(values), usage, going)
    job.status.reveal([{**item, "what": f"refit: {item['what']}"} for item in outcome.revealed])
    return outcome


def _label(job: RoleJob, table: Table) -> Reals | None:
    if job.role != "guest":
        return None
    return table.binary_label() if job.spec.algorithm == "hetero_lr" else table.label


def _align(job: RoleJob, table: Table) -> Alignment:
    minimum, hosts = int(job.spec.options["min_intersection"]), job.data_roles[1:]
    if job.spec.options["psi"] == "ecdh":
        from fedwarden.engine import alignment_ecdh

        if job.role == "guest":
            return alignment_ecdh.align_guest(job.mesh, table.ids, hosts, minimum=minimum)
        return alignment_ecdh.align_host(job.mesh, job.role, table.ids, hosts, minimum=minimum)
    if job.role == "guest":
        return align_guest(job.mesh, table.ids, hosts, minimum=minimum)
    return align_host(job.mesh, table.ids, minimum=minimum)


def _split(job: RoleJob, table: Table, alignment: Alignment) -> tuple[NDArray[np.int64], int]:
    """This party's row numbers, training rows first, and how many those are: the same order at every data party."""
    index = alignment.index
    assert index is not None  # only the arbiter has none
    if job.role == "guest":
        options = job.spec.options
        label = _label(job, table)
        assert label is not None
        held_out = choose_validation_rows(
            [table.ids[row] for row in index.tolist()],
            label[index],
            float(options["validation"]),
            stratify=job.spec.algorithm == "hetero_lr",
            seed=options.get("seed"),
            private=table.pieces() if options.get("seed") is not None else (),
        )
        job.status.reveal(send_split(job.mesh, job.data_roles[1:], held_out))
    else:
        held_out = receive_split(job.mesh, alignment.size)
    return np.concatenate([index[~held_out], index[held_out]]), int(np.count_nonzero(~held_out))


def _notice_missing(job: RoleJob, dataset: Dataset, cells: Cells) -> None:
    if cells.incomplete:
        names = [dataset.features[column] for column in cells.incomplete]
        job.status.notice("FW-ENG-N03", party=f"{job.role} ({job.party})", columns=names)


def _notices(job: RoleJob, dataset: Dataset, outcome: PartyResult) -> None:
    who = f"{job.role} ({job.party})"
    if outcome.dropped:
        names = [dataset.features[column] for column in outcome.dropped]
        job.status.notice("FW-ENG-N01", party=who, columns=names)
    for notice in outcome.notices:
        if "constant" not in notice.kind:
            detail = ", ".join(f"{k}={v}" for k, v in notice.params.items())
            job.status.notice("FW-ENG-N02", kind=notice.kind, detail=f"{who}: {detail}" if detail else who)


def _facts(outcome: PartyResult) -> dict[str, Any]:
    facts: dict[str, Any] = {"iterations": outcome.iterations, "attempts": outcome.attempts, "rounds": outcome.rounds}
    if outcome.period:
        facts["series"] = f"{outcome.period},{outcome.terms}"
    if outcome.losses:
        facts["losses"] = [[iteration, round(loss, 8)] for iteration, loss in outcome.losses]
    return facts


def _part(job: RoleJob, dataset: Dataset, outcome: PartyResult) -> ModelPart:
    names = dataset.features
    spec = job.spec
    parties = {peer.role: peer.party for peer in spec.roles}
    means = {name: float(mean) for name, mean in zip(names, outcome.means, strict=True)}
    return ModelPart(
        model_id=spec.model_id,
        model_version=spec.job_id,
        algorithm=spec.algorithm,
        role=job.role,
        party=job.party,
        guest_party=parties["guest"],
        host_roles={role: party for role, party in parties.items() if role not in ("guest", "arbiter")},
        features=list(names),
        intercept=float(outcome.intercept or 0.0),
        coefficients={name: float(w) for name, w in zip(names, outcome.weights, strict=True)},
        standardised={name: float(w) for name, w in zip(names, outcome.standardised, strict=True)},
        means=means,
        fill=means,  # of the training rows, filled ones included: what stood for a missing cell stands for it again
        dataset_id=dataset.dataset_id,
        kept=[name for column, name in enumerate(names) if column not in outcome.dropped],
    )
