"""Words and a file want the same thing in the same form; plans and recaps say what they say."""

import json

import pytest
from msgspec.structs import replace

from fedwarden.common.errors import DeployError, RemoteError, UsageError
from fedwarden.engines import ways
from fedwarden.engines.base import Member
from fedwarden.engines.native.local_agents import wanted_ports
from fedwarden.regulator import recap
from fedwarden.regulator.places import Places
from fedwarden.regulator.planning import Plan, Step
from fedwarden.regulator.site_file import parse
from fedwarden.regulator.wanted import check_reachable, of_file, of_lists


def test_a_file_of_defaults_wants_what_words_want():
    words = of_lists([2, 1], ["127.0.0.1", "192.0.2.9"])
    file = of_file(parse("parties: [{id: 1, host: 192.0.2.9}, {id: 2, host: 127.0.0.1}]", "f"))
    assert file.entries == words.entries
    assert (file.name, words.name) == ("main", "")
    assert words.addresses == {1: "192.0.2.9", 2: "127.0.0.1"}


def test_agents_of_this_machine_can_be_kept_apart_by_a_shift_of_the_usual_ports(monkeypatch):
    member = Member(party=1, host="127.0.0.1", home="/h", control_port=0, data_port=0, fingerprint="", details={})
    monkeypatch.setenv("FEDWARDEN_PORT_SHIFT", "1000")
    assert wanted_ports(member) == (10480, 10470, 9059)
    for bad in ("-1", "x", "50001", "１０", "1e3"):
        monkeypatch.setenv("FEDWARDEN_PORT_SHIFT", bad)
        with pytest.raises(UsageError) as caught:
            wanted_ports(member)
        assert caught.value.code == "FW-USE-830"


def test_what_the_file_says_reaches_the_member_and_the_engines_own_goes_nested(tmp_path):
    text = """
    ports: {data: 7000}
    fate: {flow: a, images: x}
    parties:
    - {id: 1, host: 192.0.2.9, port: 2200, user: deploy, key: /k, name: bank, advertise: '198.51.100.1:900',
       relay: true, fate: {flow: b}}
    """
    (_, entry) = of_file(parse(text, "f")).entries
    member = entry.member(Places(tmp_path), "d7")
    assert member.place == "deploy@192.0.2.9:2200"
    assert member.home.endswith("/~/.fedwarden/host/agents/d7/party-1")
    assert member.details == {
        "ports": {"control": 9480, "data": 7000, "serving": 8059},
        "fate": {"flow": "b", "images": "x"},
        "login": {"key": "/k"},
        "name": "bank",
        "advertise": "198.51.100.1:900",
        "relay": True,
    }


def test_where_a_party_listens_and_is_dialled_reaches_the_member_as_the_store_gives_it_back(tmp_path):
    text = """
    parties:
    - {id: 1, host: 192.0.2.9, bind: 10.0.0.9, control: '192.0.2.9:19480',
       advertise: {2: '198.51.100.1:900', 0: 192.0.2.8}, advertise_control: '198.51.100.1:901'}
    - {id: 2, host: 192.0.2.10}
    """
    entries = of_file(parse(text, "f")).entries
    members = [entry.member(Places(tmp_path), "d7") for entry in entries]
    one = members[1]
    assert one.details == json.loads(json.dumps(one.details)), "the same file again would differ"
    filled = replace(one, control_port=9480, data_port=9470)
    assert ways.control_way(filled) == ("192.0.2.9", 19480)
    assert ways.data_way(filled, 2) == ("198.51.100.1", 900)
    assert ways.data_way(filled, 0) == ("192.0.2.8", 9470)
    assert ways.data_way(filled, 3) == ("192.0.2.9", 9470)
    assert ways.control_way(filled, 2) == ("198.51.100.1", 901)


def test_words_and_file_want_the_same_of_a_party_of_its_own_hand():
    words = of_lists([1], ["192.0.2.9"], joined=[3])
    file = of_file(parse("parties: [{id: 3, join: true}, {id: 1, host: 192.0.2.9}]", "f"))
    assert file.entries == words.entries
    assert (words.addresses, words.reached) == ({1: "192.0.2.9"}, {1: "192.0.2.9"})
    with pytest.raises(UsageError) as twice:
        of_lists([1, 3], ["192.0.2.9", "192.0.2.3"], joined=[3])
    assert twice.value.code == "FW-USE-008"


def test_an_id_twice_and_a_loopback_among_other_hosts_are_refused():
    with pytest.raises(UsageError) as twice:
        of_file(parse("parties: [{id: 1, host: 127.0.0.1}, {id: 1, host: 127.0.0.1}]", "f"))
    assert twice.value.code == "FW-USE-008"
    with pytest.raises(DeployError) as loopback:
        check_reachable(of_lists([1, 2], ["127.0.0.1", "192.0.2.9"]))
    assert loopback.value.code == "FW-DEP-200"


STEPS = [
    Step(action="keep", party=0, host="127.0.0.1"),
    Step(action="create", party=1, host="192.0.2.1"),
    Step(action="create", party=2, host="192.0.2.2"),
]


def counts(rows):
    return {row.host: (row.ok, row.changed, row.failed) for row in rows}


def test_a_recap_counts_per_host_and_puts_a_failure_where_it_was():
    plan = Plan(wanted=of_lists([1, 2], ["192.0.2.1", "192.0.2.2"]), steps=STEPS)
    assert plan.changed == 2
    assert counts(recap.done(plan)) == {"127.0.0.1": (1, 0, 0), "192.0.2.1": (1, 1, 0), "192.0.2.2": (1, 1, 0)}
    one = RemoteError("FW-SSH-005", host="192.0.2.2:22", seconds=1)
    assert counts(recap.failed(plan, one)) == {"127.0.0.1": (1, 0, 0), "192.0.2.1": (0, 0, 0), "192.0.2.2": (0, 0, 1)}
    whole = DeployError("FW-DEP-010", why="x")
    assert counts(recap.failed(plan, whole)) == {"127.0.0.1": (1, 0, 0), "192.0.2.1": (0, 0, 1), "192.0.2.2": (0, 0, 1)}
    members = [Member(party=party, host=f"192.0.2.{party}", home="h") for party in (1, 2)]
    assert counts(recap.deleted(members, {2: one})) == {"192.0.2.1": (1, 1, 0), "192.0.2.2": (0, 0, 1)}
