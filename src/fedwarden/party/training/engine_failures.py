"""From the engine's own exceptions, which know nothing of codes, to codes."""

from __future__ import annotations

from typing import Any

_CODES = {
    "AlignmentTooSmall": "FW-ENG-001",
    "DuplicateIds": "FW-ENG-002",
    "EmptyId": "FW-ENG-003",
    "SplitImpossible": "FW-ENG-004",
    "PeerViolation": "FW-ENG-005",
    "RangeError": "FW-ENG-006",
    "AddressReuse": "FW-ENG-007",
    "AttemptMismatch": "FW-ENG-008",
    "PlanMismatch": "FW-ENG-009",
    "BadInput": "FW-ENG-010",
    "StaleCheckpoint": "FW-ENG-500",
}


def translate(failure: Exception) -> tuple[str, dict[str, Any]]:
    """The code and its parameters; only what the engine declared safe to tell a peer goes along."""
    name = type(failure).__name__
    params = {str(k): v for k, v in dict(getattr(failure, "params", {})).items()}
    return (_CODES[name], params) if name in _CODES else ("FW-ENG-099", {"kind": name})
