"""The one rule for ids, apart from the table reading so that a prediction needs no table library."""

from __future__ import annotations

import unicodedata


def normalise(sample_id: str) -> str:
    """docs/protocol.md section 7, version 1: text, NFC, stripped; no numeric reading ("1" is not "01")."""
    return unicodedata.normalize("NFC", sample_id).strip()
