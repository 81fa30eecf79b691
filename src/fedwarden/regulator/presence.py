"""Who of a deployment is still there: neither gone by its own hand nor with a revoked key."""

from __future__ import annotations

from fedwarden.common.errors import JobError
from fedwarden.regulator.tables import DeploymentRow


def check_present(row: DeploymentRow, parties: list[int]) -> None:
    """Whether every one of ``parties`` still belongs. Raises JobError FW-JOB-521 (it left), -524 (its key was
    revoked)."""
    for party in row.parties:
        if party.party in parties:
            for how, code in (("left", "FW-JOB-521"), ("revoked", "FW-JOB-524")):
                if party.details.get(how):
                    raise JobError(code, party=party.party, when=party.details[how])
