"""Reading tables into FATE: checked, replaced explicitly, waited for, counted."""

from __future__ import annotations

import contextlib
import time

from fedwarden.common.api import Dataset, DatasetRequest, Notice
from fedwarden.common.errors import DataError, FedwardenError, JobError
from fedwarden.engines.base import Member
from fedwarden.engines.fate.flow import Flow, SeenTable, TableFile
from fedwarden.engines.fate.parties import FateParty
from fedwarden.engines.fate.records import WORDS
from fedwarden.engines.fate.staging import Staging
from fedwarden.engines.fate.tables import TableName, table_name

#: FATE writes some thousand rows a second; a slow disk gets time.
READ_SECONDS = 1800.0


def check(request: DatasetRequest, party: int) -> None:
    """What FATE cannot do with a table. Raises DataError FW-DATA-600 … -602."""
    if request.encoding not in (None, "utf-8", "UTF-8", "utf8"):
        raise DataError("FW-DATA-600", option="--encoding", found=request.encoding, party=party, instead="utf-8")
    if not request.path.lower().endswith((".csv", ".tsv", ".txt")):
        raise DataError("FW-DATA-600", option="path", found=request.path[-60:], party=party, instead=".csv")


def upload(
    flow: Flow,
    staging: Staging,
    deployment: str,
    member: Member,
    party: FateParty,
    request: DatasetRequest,
    before: list[str],
) -> Dataset:
    """Beside the table that this one replaces, if there is one in ``before``: that one stays until every party has read
    its own. Raises DataError FW-DATA-601 … -604, JobError FW-JOB-600, LinkError."""
    first = table_name(deployment, request.project, request.role, member.party, request.label, request.missing)
    name = first.beside(before)
    there = flow.table(name.namespace, name.name) is not None
    if there:  # what an upload left that was cut off; a FATE without clusters would merge the two
        flow.drop(name.namespace, name.name)
    seen_by_flow = staging.stage(member, party, request.path)
    try:
        _read(flow, party, name, seen_by_flow, request, member.party)
    except (DataError, JobError):
        with contextlib.suppress(FedwardenError):  # half a table is none; the next upload looks again
            flow.drop(name.namespace, name.name)
        raise
    finally:
        staging.unstage(member, party, request.path)
    found = flow.table(name.namespace, name.name)
    if found is None:
        raise DataError("FW-DATA-601", path=request.path, party=member.party)
    try:
        return _dataset(name, request, member.party, found, replaced=there or name != first)
    except DataError:
        flow.drop(name.namespace, name.name)
        raise


def _read(flow: Flow, party: FateParty, name: TableName, path: str, request: DatasetRequest, number: int) -> None:
    """FATE 2 wants to know at once what id and label are called, and whether the label is whole numbers (classes)."""
    file = TableFile(path, name.namespace, name.name, request.label, request.id_column or "", True)
    try:
        _wait(flow, flow.upload(file), number, request.path)
    except DataError:
        if party.described.protocol != "v2" or request.label is None:
            raise
        _wait(flow, flow.upload(file._replace(whole_label=False)), number, request.path)


def _wait(flow: Flow, job_id: str, party: int, path: str) -> None:
    end, pause = time.monotonic() + READ_SECONDS, 0.05
    while True:
        rows = flow.rows(job_id)
        states = [WORDS.get(row.state, "failed") for row in rows]
        if "failed" in states:
            raise DataError("FW-DATA-602", path=path, party=party, why=_why(flow, job_id))
        if states and all(state == "success" for state in states):
            return
        if time.monotonic() > end:
            raise JobError("FW-JOB-604", party=party, path=path, seconds=round(READ_SECONDS))
        time.sleep(pause)
        pause = min(2 * pause, 2.0)


def _why(flow: Flow, job_id: str) -> str:
    try:
        tasks = flow.tasks(job_id, "local", 0)
        return next(filter(None, (flow.failure(job_id, "local", 0, task.name) for task in tasks)), "-")
    except FedwardenError:
        return "-"


def _dataset(name: TableName, request: DatasetRequest, party: int, found: SeenTable, *, replaced: bool) -> Dataset:
    if request.id_column and found.sid and request.id_column != found.sid:
        raise DataError("FW-DATA-603", path=request.path, party=party, column=request.id_column, first=found.sid)
    if request.label is not None and request.label not in found.columns:
        shown = found.columns[:40]
        raise DataError("FW-DATA-604", path=request.path, party=party, column=request.label, columns=shown)
    features = [column for column in found.columns if column != request.label]
    notices = [Notice("FW-NOTE-600", {"project": request.project, "party": party})] if replaced else []
    kept = name._replace(rows=found.rows, sid=found.sid)
    return Dataset(
        dataset_id=kept.dataset_id,
        project=request.project,
        role=request.role,
        path=request.path,
        format="csv",
        encoding="utf-8",
        id_column=found.sid,
        label=request.label,
        features=features,
        rows=found.rows,
        sha256="",  # FATE tells none, and the file is out of our sight
        size=0,
        mtime_ns=0,
        missing=request.missing,
        label_kind="unknown" if request.label is not None else "none",
        notices=notices,
    )


def still_there(flow: Flow, party: int, dataset_id: str) -> Dataset:
    """Whether FATE holds what was read in. Raises DataError FW-DATA-605."""
    name = TableName.parse(dataset_id)
    found = flow.table(name.namespace, name.name)
    if found is None or found.rows != name.rows:
        now = 0 if found is None else found.rows
        raise DataError("FW-DATA-605", table=f"{name.namespace}/{name.name}", party=party, rows=now, before=name.rows)
    role = name.name.partition("_")[0]
    request = DatasetRequest(project="", role=role, path="", label=name.label, missing=name.missing)
    return _dataset(name, request, party, found, replaced=False)
