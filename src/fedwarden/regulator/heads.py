"""The regulator and its agents note each other's audit heads, so that a chain cut short or written anew is found out.

It happens with each submit, each job's end, each delete and each ``fedwarden audit verify``.
"""

from __future__ import annotations

from fedwarden.common.chain import AuditHead
from fedwarden.common.errors import FedwardenError
from fedwarden.engines.base import Engine, Site
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.store import audit, head_of

#: The action of a row that holds agents' heads, and of a record at an agent that holds the regulator's.
HEADS, NOTED = "heads", "head noted"


def swap_heads(desk: Desk, engine: Engine, site: Site, subject: str) -> dict[int, FedwardenError]:
    """Why which party did not answer: no failure of ``subject``, but named in the regulator's row."""
    with desk.store.begin() as session:
        head = head_of(session)
    answers = engine.swap_heads(site, head)
    if not answers:
        return {}
    heads = {party: [it.seq, it.digest] for party, it in answers.items() if isinstance(it, AuditHead)}
    missed = {party: it for party, it in answers.items() if isinstance(it, FedwardenError)}
    codes = {"missed": {party: it.code for party, it in missed.items()}} if missed else {}
    with desk.store.begin() as session:
        audit(session, HEADS, subject, deployment=site.deployment, heads=heads, **codes)
    return missed
