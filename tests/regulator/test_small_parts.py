"""Job ids, merged words, first causes, addresses, names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fedwarden.common.api import RoleStatus
from fedwarden.common.errors import UsageError
from fedwarden.engines.base import Site
from fedwarden.engines.native.engine import NativeEngine
from fedwarden.regulator.addresses import ipv4, is_own
from fedwarden.regulator.job_ids import FORM, next_job_id
from fedwarden.regulator.merge import first_cause, merge, shown_order
from fedwarden.regulator.names import check_name
from fedwarden.regulator.store import Store
from fedwarden.regulator.submitting import model_id_of, roles_of
from fedwarden.regulator.wanted import check_lists

MOMENT = 1_795_000_000_123_456_789


def test_a_job_id_is_local_time_and_a_counter(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    with store.begin() as session:
        job = next_job_id(session, MOMENT)
    store.close()
    assert job == time.strftime("%Y%m%d%H%M%S", time.localtime(MOMENT // 10**9)) + "1234567"
    assert FORM.fullmatch(job)


def test_job_ids_increase_when_the_clock_stands_or_steps_back(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    moments = [MOMENT, MOMENT, MOMENT - 3600 * 10**9, MOMENT - 1, MOMENT + 50, MOMENT + 10**9]
    ids = []
    for moment in moments:
        store = Store(path)  # a new command each time: the last id is on disk
        with store.begin() as session:
            ids.append(next_job_id(session, moment))
        store.close()
    assert all(FORM.fullmatch(job) for job in ids)
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    ("states", "word"),
    [
        (["waiting", "waiting"], "waiting"),
        (["waiting", "running"], "running"),
        (["success", "running"], "running"),
        (["success", "waiting"], "running"),
        (["success", "success"], "success"),
        (["success", "failed"], "failed"),
        (["failed", "waiting", "running"], "failed"),
    ],
)
def test_roles_never_contradict_each_other(states: list, word: str) -> None:
    assert merge(states) == word


def _failed(role: str, party: int, code: str, ended: str) -> RoleStatus:
    cause = {"code": code, "params": {}, "role": role, "party": party}
    return RoleStatus(job_id="1", role=role, party=party, state="failed", cause=cause, ended=ended)


def test_the_first_cause_is_the_one_that_explains_the_others() -> None:
    statuses = [
        _failed("guest", 1, "FW-LINK-021", "2026-01-01T00:00:00.1"),
        _failed("host1", 2, "FW-JOB-060", "2026-01-01T00:00:00.4"),
        RoleStatus(job_id="1", role="arbiter", party=0, state="running"),
    ]
    assert first_cause(statuses) == {"role": "host1", "party": 2, "code": "FW-JOB-060", "params": {}}
    assert first_cause(statuses[2:]) is None


def test_roles_are_shown_arbiter_guest_hosts_by_number() -> None:
    roles = ["guest", "host1", "host10", "host2", "arbiter"]
    assert shown_order(roles) == ["arbiter", "guest", "host1", "host2", "host10"]


@pytest.mark.parametrize(
    ("guest", "hosts", "model"),
    [
        (1, [2], "arbiter-0#guest-1#host-2#model"),
        (1, [10, 9, 2], "arbiter-0#guest-1#host-2_9_10#model"),
        (1, [1], "arbiter-1#guest-1#host-1#model"),
        (1, [2, 1], "arbiter-0#guest-1#host-1_2#model"),
    ],
)
def test_model_ids_name_hosts_in_numeric_order(guest: int, hosts: list[int], model: str) -> None:
    engine = NativeEngine(lambda: None, None)
    arbiter = engine.arbiter(Site(deployment="d1", members=[]), guest, hosts)
    assert model_id_of(roles_of(guest, hosts, arbiter)) == model


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.8.8.8"])
def test_loopback_is_this_machine(ip: str) -> None:
    assert is_own(ip)


@pytest.mark.parametrize("ip", ["192.0.2.7", "203.0.113.9", "127.255.255.255"])
def test_documentation_and_broadcast_addresses_are_not(ip: str) -> None:
    assert not is_own(ip)


@pytest.mark.parametrize("text", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "1.2.3", "01.2.3.4", "a", ""])
def test_what_is_no_host_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        ipv4(text)
    assert caught.value.code == "FW-USE-010"


@pytest.mark.parametrize(
    ("ids", "ips", "code"),
    [
        ([1], [], "FW-USE-009"),
        ([1, 1], ["127.0.0.1"] * 2, "FW-USE-008"),
        ([0], ["127.0.0.1"], "FW-USE-007"),
        ([2**31], ["127.0.0.1"], "FW-USE-007"),
        (list(range(1, 62)), ["127.0.0.1"] * 61, "FW-USE-018"),
    ],
)
def test_lists_of_parties_are_checked(ids: list[int], ips: list[str], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_lists(ids, ips)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["loans", "贷款-2026", "a.b_c", "1"])
def test_names_in_any_script_are_good(name: str) -> None:
    assert check_name("name", name) == name


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a b", "x" * 65, "a/b", "-rf", "a\n"])
def test_names_that_could_be_paths_or_options_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name("name", name)
