"""A disk that refuses is told as such by an agent, without a path or a value; other faults keep their kind only."""

import asyncio
import errno

import pytest
from starlette.requests import Request

from fedwarden.party.control import web


@pytest.mark.parametrize(
    ("fault", "code", "why"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/of/bank"), "FW-STATE-710", "No space left on device"),
        (OSError(errno.EIO, "Input/output error"), "FW-STATE-710", "Input/output error"),
        (ValueError("a value of a row"), "FW-STATE-099", "ValueError"),
    ],
)
def test_a_refusing_disk_has_a_name_and_nothing_else_is_told(monkeypatch, fault, code, why):
    async def serve(*_):
        raise fault

    monkeypatch.setattr(web, "_serve", serve)
    endpoint = web._Endpoint("/v1/x", {}, None)
    answer = asyncio.run(endpoint._answer(Request({"type": "http", "method": "GET", "headers": [], "state": {}})))
    told = bytes(answer.body).decode()
    assert code in told
    assert why in told
    assert "/data/of/bank" not in told
    assert "a value" not in told
