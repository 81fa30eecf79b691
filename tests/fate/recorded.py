"""Recorded requests of real FATE servers, asked again of the simulator, and how two answers are compared."""

import http.client
import json
import urllib.parse
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent / "samples"
#: Dictionaries whose keys are data: names of columns, ids of parties and jobs.
_DATA_KEYS = ("weight", "guest", "host", "arbiter", "partition_order_mappings", "detail")


def sample(version: str, name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / version / f"{name}.json").read_text("utf-8"))


def ask(base: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """(HTTP status, JSON or the raw text)."""
    where = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        raw = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(raw)
    except ValueError:
        return answer.status, raw.decode("latin-1")


def differences(recorded: Any, found: Any, where: str = "$") -> list[str]:
    """Where keys or types differ; values may."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        if where.rsplit(".", 1)[-1] in _DATA_KEYS:
            ours, theirs = list(found.values()), list(recorded.values())
            return differences(theirs[0], ours[0], f"{where}.*") if ours and theirs else []
        out = [f"{where}: {key} is missing" for key in recorded.keys() - found.keys()]
        out += [f"{where}: {key} is too much" for key in found.keys() - recorded.keys()]
        for key in recorded.keys() & found.keys():
            out += differences(recorded[key], found[key], f"{where}.{key}")
        return out
    if isinstance(recorded, list) and isinstance(found, list):
        if not recorded or not found:
            return []
        return differences(recorded[0], found[0], f"{where}[0]")
    if recorded is None or found is None or _kind(recorded) == _kind(found):
        return []
    return [f"{where}: {type(found).__name__} for {type(recorded).__name__}"]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__
