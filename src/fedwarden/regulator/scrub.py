"""What may leave for somebody else's eyes: an allow-list, so that what nobody thought of stays here.

A text is kept when the program itself contains it (names of events, phases, options, kinds), or when it is a code, a
time, a role, a party, a place in a source file, a system's own error text, or one of the ids that were asked about. A
number is kept under a name that holds counts, sizes or durations. Everything else becomes ``…``.
"""

from __future__ import annotations

import ast
import errno
import functools
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import fedwarden

GONE = "…"
_COUNTS = (
    "seq count counts bytes size sent received seconds ms status party parties iteration iterations loss attempts "
    "rounds rows aligned training_rows features columns roles stores records pid mode number keys ended done total "
    "level limit free cpus memory clock_offset clock_error terms period expected obtained sum_of_ones wait place "
    "chunk block lanes words links missed retcode control_port data_port serving_port"
)
NUMBERS = frozenset(_COUNTS.split())
_FORMS = re.compile(
    r"FW-[A-Z]+-[A-Z]?\d{2,3}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"
    r"|guest|arbiter|host\d{0,4}|regulator|agent|nobody|serving port"
    r"|party \d{1,10}"
    r"|(d\d{1,6}/)?party-\d{1,10}"
    r"|[A-Za-z_]\w{0,40}\.py:\d{1,6} [\w<>]{1,60}"
    r"|[A-Z][A-Za-z]{2,40}(Error|Exception|Interrupt|Exit)",
    re.ASCII,
)


@functools.cache
def vocabulary() -> frozenset[str]:
    """Every text that stands in our own source, and the system's names of errors."""
    words = {os.strerror(number) for number in errno.errorcode}
    for path in Path(fedwarden.__file__).parent.rglob("*.py"):
        if "messages" in path.parts or "data" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= 80:
                words.add(node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                words.add(node.target.id)  # the fields of our own structures
            elif isinstance(node, ast.keyword) and node.arg:
                words.add(node.arg)
    return frozenset(words)


def scrub(value: Any, known: Collection[str] = (), numbers: Collection[str] = NUMBERS, name: str = "") -> Any:
    """``value`` with everything replaced that is not allowed; ``known``: further texts that are; never raises."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if name in numbers else GONE
    if isinstance(value, str):
        fits = value in known or value in vocabulary() or _FORMS.fullmatch(value) is not None
        return value if fits else GONE
    if isinstance(value, dict):
        return {_key(key, known): scrub(inner, known, numbers, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(inner, known, numbers, name) for inner in value]
    return GONE


def _key(key: Any, known: Collection[str]) -> str:
    text = str(key)
    fits = text in known or text in vocabulary() or _FORMS.fullmatch(text) is not None or re.fullmatch(r"\d{1,3}", text)
    return text if fits else GONE
