"""An agent's log is its own word: whatever it says, the regulator judges the others and comes to an end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fedwarden.common.chain import GENESIS, AuditHead, sealed
from fedwarden.common.errors import LinkError
from fedwarden.engines.base import Member, Site
from fedwarden.engines.native import engine as native
from fedwarden.regulator.auditing import OWN, Chain, judge
from fedwarden.regulator.heads import NOTED

EMPTY = AuditHead(0, GENESIS)


@pytest.mark.parametrize("details", [{}, {"seq": "1", "digest": "a"}, {"seq": 1}, {"seq": None, "digest": []}])
def test_a_noted_head_that_is_none_is_no_witness_and_stops_nothing(details: dict[str, Any]) -> None:
    own = Chain(OWN, [sealed(EMPTY, "t", "a", "b", "c", {})], [])
    strange = Chain("d1/party-1", [sealed(EMPTY, "t", "regulator", NOTED, "", details)], [])
    assert [(it.store, it.damage) for it in judge([own, strange])] == [(OWN, []), ("d1/party-1", [])]


def test_a_log_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "MAX_AUDIT", 1000)
    member = Member(party=1, host="192.0.2.1", home="h")
    endless = SimpleNamespace(_agents=SimpleNamespace(fetch=lambda *asked: b"{}\n" * 100))
    with pytest.raises(LinkError) as caught:
        native.NativeEngine.audit_log(endless, Site(deployment="d1", members=[member]), 1)  # type: ignore[arg-type]
    assert caught.value.code == "FW-LINK-004"
