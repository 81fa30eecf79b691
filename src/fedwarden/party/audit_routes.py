"""The control API's table, continued: the agent's audit log, and the exchange of heads that makes a cut end show."""

from __future__ import annotations

from fedwarden.common.chain import AuditHead
from fedwarden.common.errors import UsageError
from fedwarden.party.audit import AuditLog
from fedwarden.party.routes import REGULATOR
from fedwarden.party.web import ApiRoute, Call


def audit_routes(audit: AuditLog) -> list[ApiRoute]:
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
    ]
