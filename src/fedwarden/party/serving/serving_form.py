"""FATE-Serving's request, read strictly. Every refusal is a ModelError with retcode 100 (a batch too long: 2100)."""

from __future__ import annotations

import contextlib
import ipaddress
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fedwarden.common.errors import ModelError
from fedwarden.party.models.predict import Sample

MAX_ROWS = 300


def service_id(asked: dict[str, Any]) -> str:
    head = asked.get("head")
    name = head.get("serviceId") if isinstance(head, dict) else None
    if not isinstance(name, str) or not name:
        raise ModelError("FW-MODEL-023", why="no head.serviceId")
    return name


def body(asked: dict[str, Any]) -> dict[str, Any]:
    content = asked.get("body")
    if not isinstance(content, dict):
        raise ModelError("FW-MODEL-023", why="no body")
    return content


def batch_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a batch, each with its own ``index``, 0 … n−1 in any order."""
    rows = content.get("batchDataList")
    if not isinstance(rows, list) or not rows:
        raise ModelError("FW-MODEL-023", why="no body.batchDataList")
    if len(rows) > MAX_ROWS:
        raise ModelError("FW-MODEL-024", found=len(rows), limit=MAX_ROWS)
    if not all(isinstance(row, dict) and type(row.get("index")) is int for row in rows):
        raise ModelError("FW-MODEL-023", why="a row without index")
    if sorted(row["index"] for row in rows) != list(range(len(rows))):
        raise ModelError("FW-MODEL-023", why="index must be unique and start at 0")
    return rows


def sample(content: dict[str, Any]) -> Sample:
    """``featureData`` by name; ``sendToRemoteFeatureData.id`` or nothing (then hosts give their training mean)."""
    features = content.get("featureData")
    if not isinstance(features, dict):
        raise ModelError("FW-MODEL-023", why="featureData is no object")
    remote = content.get("sendToRemoteFeatureData", {})
    if not isinstance(remote, dict):
        raise ModelError("FW-MODEL-023", why="sendToRemoteFeatureData is no object")
    sample_id = None
    if remote:
        sample_id = remote.get("id")
        if type(sample_id) is int:
            sample_id = str(sample_id)
        if not isinstance(sample_id, str) or not sample_id.strip():
            raise ModelError("FW-MODEL-023", why="sendToRemoteFeatureData without id")
    return Sample(by_name={name: _number(name, value) for name, value in features.items()}, sample_id=sample_id)


def _number(name: str, value: Any) -> float:
    """A number, or the text of one, as FATE's clients send them."""
    number = math.nan
    if isinstance(value, str) and value.isascii() and "_" not in value:
        with contextlib.suppress(ValueError):
            number = float(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise ModelError("FW-MODEL-004", column=name[:64])
    return number


def from_this_host(headers: Mapping[str, str]) -> bool:
    """Whether Host (and Origin, where a browser sends one) name this host: no web page may ask, however it is named."""
    if not _loopback(headers.get("host", "")):
        return False
    origin = headers.get("origin")
    return origin is None or _loopback(urlsplit(origin).netloc)


def _loopback(place: str) -> bool:
    try:
        name = urlsplit(f"//{place}").hostname
        return name == "localhost" or (name is not None and ipaddress.ip_address(name).is_loopback)
    except ValueError:
        return False
