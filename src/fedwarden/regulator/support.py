"""One archive about one job for somebody who was not there: what happened where, and nothing of what it was about.

Every text and number in it has passed the allow-list of ``scrub``.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import platform
import shutil
import tarfile
import time
from pathlib import Path
from typing import Any

import msgspec

import fedwarden
from fedwarden.common import messages
from fedwarden.common.api import AgentInfo
from fedwarden.common.chain import AuditRecord
from fedwarden.common.chain_lines import read_lines
from fedwarden.common.errors import DeployError, FedwardenError
from fedwarden.common.files import write_atomic
from fedwarden.common.options import OPTIONS
from fedwarden.engines.base import Engine, Site
from fedwarden.regulator import auditing, job_logs
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.following import JobView, query, record_of, site_for
from fedwarden.regulator.scrub import NUMBERS, scrub
from fedwarden.regulator.store import HEAD
from fedwarden.regulator.tables import UploadRow

TAIL = 400  # lines of each agent's own log
LIBRARIES = ("numpy", "numba", "polars", "scikit-learn", "cryptography", "SQLAlchemy", "uvicorn", "msgspec", "asyncssh")
#: File → its code in the catalogue, in the order of the README.
FILES = {
    "job.json": "FW-SAY-571",
    "log.jsonl": "FW-SAY-572",
    "agents.json": "FW-SAY-573",
    "agent-logs.jsonl": "FW-SAY-574",
    "audit.jsonl": "FW-SAY-575",
    "system.json": "FW-SAY-576",
}


def write(desk: Desk, job_id: str, out: Path) -> dict[str, Any]:
    """Writes the archive (0600) to ``out``; answers its size and which parties could not be asked and why.

    Raises JobError FW-JOB-001, UsageError and OSError when ``out`` cannot be written.
    """
    seen = query(desk, job_id)
    known = frozenset({job_id})
    parts: dict[str, bytes] = {"job.json": _json(_job(desk, seen, known))}
    lost: dict[int, FedwardenError] = {}
    records: list[Any] = []
    try:
        engine, site = site_for(desk, seen.row)
    except DeployError as error:  # deleted: what the regulator has is all there is
        lost[-1] = error
    else:
        logs = job_logs.merged(desk, job_id)
        lost |= logs.unreached
        parts["log.jsonl"] = _lines([scrub(line, known) for line in logs.lines])
        agents, own_logs, records = _agents(engine, site, known, lost)
        parts["agents.json"] = _json(agents | {"clock_offset": {str(k): v for k, v in logs.offsets.items()}})
        parts["agent-logs.jsonl"] = _lines(own_logs)
    records = [_record("regulator", it, known) for it in auditing.of_job(desk, job_id)] + records
    parts["audit.jsonl"] = _lines(records)
    parts["system.json"] = _json(_system(desk))
    parts = {"README.txt": _readme(seen, lost).encode(), **parts}
    data = _packed(parts, f"fedwarden-support-{job_id}")
    write_atomic(out, data)
    unreached = {("all" if party < 0 else str(party)): error.code for party, error in lost.items()}
    return {"file": str(out), "bytes": len(data), "files": list(parts), "unreached": unreached}


def _job(desk: Desk, seen: JobView, known: frozenset[str]) -> dict[str, Any]:
    record = record_of(seen)
    record.pop("model_id", None)
    record.pop("model_version", None)
    options = {name for model in OPTIONS.values() for name in model.model_fields}
    out: dict[str, Any] = {"version": fedwarden.__version__, **scrub(record, known)}
    out["options"] = scrub(record["options"], known, numbers=options)
    out["tables"] = []
    with desk.store.begin() as session:
        upload = session.get(UploadRow, seen.row.upload_id) if seen.row.upload_id else None
        for role in upload.roles if upload is not None else []:
            table = role.dataset
            sizes = {"rows": table.get("rows"), "columns": len(table.get("features", [])), "size": table.get("size")}
            kinds = {name: table.get(name) for name in ("format", "encoding", "missing", "label_kind")}
            out["tables"].append({"role": role.role, "party": role.party, **sizes, **scrub(kinds)})
    return out


def _agents(
    engine: Engine, site: Site, known: frozenset[str], lost: dict[int, FedwardenError]
) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Health, the end of each agent's log, and what its audit says of the job."""
    health: dict[str, Any] = {}
    logs: list[Any] = []
    records: list[Any] = []
    for member in site.members:
        where = {"host": "another host" if member.place else "this machine"}
        try:
            info: AgentInfo = engine.health(site, member.party)
            health[str(member.party)] = where | _health(info)
            lines = engine.agent_log(site, member.party)[-TAIL:]
            logs += [{"party": member.party, **scrub(job_logs.parsed(line), known)} for line in lines]
            text = engine.audit_log(site, member.party) or b""
            about = [it for it in read_lines(text)[0] if it.subject in known]
            records += [_record(f"party-{member.party}", it, known) for it in about]
        except FedwardenError as error:
            lost.setdefault(member.party, error)
            health[str(member.party)] = where | {"code": error.code}
    return health, logs, records


def _health(info: AgentInfo) -> dict[str, Any]:
    ports = {name: getattr(info, name) for name in ("control_port", "data_port", "serving_port")}
    return {"version": info.version, "pid": info.pid, **ports, "jobs": len(info.busy)}


def _record(store: str, record: AuditRecord, known: frozenset[str]) -> dict[str, Any]:
    """Without the actor: at the regulator it is the name of a user."""
    fields: dict[str, Any] = scrub({name: getattr(record, name) for name in ("seq", "at", "action", "subject")}, known)
    return {"store": store, **fields, "details": scrub(record.details, known, NUMBERS)}


def _system(desk: Desk) -> dict[str, Any]:
    disk = shutil.disk_usage(desk.places.home)
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "none"
    return {
        "fedwarden": fedwarden.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()),
        "cpus": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "disk_free": disk.free,
        "store_bytes": desk.places.store.stat().st_size,
        "store_step": HEAD,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "libraries": versions,
    }


def _readme(seen: JobView, lost: dict[int, FedwardenError]) -> str:
    """In both languages; the first cause on top."""
    out = []
    for lang in ("en", "zh"):

        def say(code: str, lang: str = lang, **params: Any) -> str:
            return messages.render(code, params, lang)

        out.append(say("FW-SAY-570", job=seen.row.id, state=seen.state))
        if seen.row.cause:
            code = str(seen.row.cause.get("code", ""))
            # the code's own sentence, with its places left open: what fills them may be a name
            place = {name: scrub(seen.row.cause.get(name), numbers={name}) for name in ("role", "party")}
            out.append(say("FW-SAY-577", **place, cause=code, why=messages.render(code, {}, lang)))
        for party, error in lost.items():
            who = "-" if party < 0 else party
            out.append(say("FW-SAY-578", party=who, cause=error.code, why=messages.render(error.code, {}, lang)))
        out += [f"  {name:18} {say(code)}" for name, code in FILES.items()]
        out += [say("FW-SAY-579"), ""]
    return "\n".join(out)


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _lines(values: list[Any]) -> bytes:
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


def _packed(parts: dict[str, bytes], folder: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in parts.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size, member.mode, member.mtime = len(content), 0o600, int(time.time())
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
