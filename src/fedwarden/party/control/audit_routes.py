"""The control API's table, continued: the agent's logs, and the exchange of heads that makes a cut end show."""

from __future__ import annotations

from pathlib import Path

from fedwarden.common.chain import AuditHead
from fedwarden.common.errors import UsageError
from fedwarden.party.audit import AuditLog
from fedwarden.party.control.routes import REGULATOR
from fedwarden.party.control.web import ApiRoute, Call

LOG_TAIL = 256 << 10


def audit_routes(audit: AuditLog, agent_log: Path) -> list[ApiRoute]:
    def read(call: Call) -> bytes:
        start = call.query.get("start", "0")
        if not (start.isascii() and start.isdigit() and len(start) < 19):
            raise UsageError("FW-USE-062", what="start", found=start[:40])
        return audit.read(int(start))

    def heads(call: Call) -> AuditHead:
        given: AuditHead = call.body
        if given.seq < 0 or len(given.digest) != 64:
            raise UsageError("FW-USE-062", what="head", found=str(given.seq)[:20])
        audit.flush()
        return audit.record(call.caller.name, "head noted", seq=given.seq, digest=given.digest).head

    def log(call: Call) -> bytes:
        with agent_log.open("rb") as handle:
            size = handle.seek(0, 2)
            handle.seek(max(0, size - LOG_TAIL))
            text = handle.read(LOG_TAIL)
        return text.split(b"\n", 1)[-1] if size > LOG_TAIL else text

    return [
        ApiRoute(
            "GET",
            "/v1/audit",
            REGULATOR,
            read,
            "audit log as JSON lines, from byte start on; empty at its end",
            answer=bytes,
            query=("start",),
            audit="counted",
        ),
        ApiRoute(
            "POST",
            "/v1/audit/heads",
            REGULATOR,
            heads,
            "note the last record of the regulator's audit; answers this agent's own",
            body=AuditHead,
            answer=AuditHead,
            audit="no",
        ),
        ApiRoute(
            "GET",
            "/v1/log",
            REGULATOR,
            log,
            "the end of this agent's own log, JSON lines",
            answer=bytes,
            told=lambda _, lines: {"bytes": len(lines)},
        ),
    ]
