"""Addresses: what a party's details say of its network becomes what each peer and the regulator dial."""

import pytest
from msgspec.structs import replace

from fedwarden.common.errors import DeployError
from fedwarden.engines import ways
from fedwarden.engines.base import Member, Site


def member(party, host="192.0.2.1", place="ssh://root@192.0.2.1:22/x", **details):
    key = f"{party:064x}"
    return Member(
        party=party, host=host, home=place, control_port=9480, data_port=9470, fingerprint=key, details=details
    )


def site(*parties, **arbiter):
    members = [member(0, "127.0.0.1", "/home", **arbiter), *parties]
    return ways.with_arbiter(Site(deployment="d1", members=members))


def test_without_details_everything_is_where_the_party_is():
    made = site(member(1), member(2, "192.0.2.2"))
    peers = ways.job_peers(made, {"guest": 1, "host1": 2})
    assert [(peer.host, peer.data_port, peer.ways) for peer in peers] == [
        ("192.0.2.1", 9470, {}),
        ("192.0.2.2", 9470, {}),
    ]
    assert ways.control_way(made.member(1)) == ("192.0.2.1", 9480)
    assert ways.relay_place(made) is None


def test_an_advertised_address_is_what_peers_dial_and_the_regulators_way_stays():
    made = site(member(1, advertise="203.0.113.5:19470"), member(2, "192.0.2.2"))
    guest = ways.job_peers(made, {"guest": 1, "host1": 2})[0]
    assert (guest.host, guest.data_port) == ("203.0.113.5", 19470)
    told = {peer.party: peer for peer in ways.peers_of(made, made.member(2))}[1]
    assert (told.host, told.data_port, told.control_host, told.control_port) == ("203.0.113.5", 19470, "", 9480)
    assert ways.control_way(made.member(1)) == ("192.0.2.1", 9480)


@pytest.mark.parametrize("key", ["2", 2])
def test_one_peer_may_have_a_way_of_its_own(key):
    made = site(member(1, advertise={key: "10.0.0.1"}), member(2, "192.0.2.2"), member(3, "192.0.2.3"))
    guest = ways.job_peers(made, {"guest": 1, "host1": 2, "host2": 3})[0]
    assert (guest.host, guest.ways) == ("192.0.2.1", {"2": "10.0.0.1:9470"})


def test_control_ports_may_be_elsewhere_for_peers_and_for_the_regulator():
    details = {"advertise_control": "gate.example:443", "control": "198.51.100.7:2443"}
    made = site(member(1, **details), member(2, "192.0.2.2"))
    told = {peer.party: peer for peer in ways.peers_of(made, made.member(2))}[1]
    assert (told.host, told.control_host, told.control_port) == ("192.0.2.1", "gate.example", 443)
    assert ways.control_way(made.member(1)) == ("198.51.100.7", 2443)


@pytest.mark.parametrize("text", ["", "x:0", "x:70000", "x:y", "-x", "a b", "x:1:2", 7, ["x"]])
def test_what_is_no_address_is_refused_by_name(text):
    with pytest.raises(DeployError) as caught:
        ways.data_way(member(4, advertise=text))
    assert caught.value.code == "FW-DEP-480"
    assert caught.value.params["party"] == 4 and caught.value.params["key"] == "advertise"


def test_the_arbiters_data_port_is_open_to_other_hosts_only_where_there_are_some():
    local = site(member(1, "127.0.0.1", "/data/1"), member(2, "127.0.0.1", "/data/2"))
    assert local.member(0).details == {}
    abroad = site(member(1, "127.0.0.2"), member(2, "127.0.0.1", "/data/2"))
    assert abroad.member(0).details["data_bind"] == "0.0.0.0"
    assert set(abroad.member(0).details["advertise"]) == {"1"}
    told = site(member(1, "127.0.0.2"), advertise="198.51.100.9", data_bind="198.51.100.9")
    assert told.member(0).details == {"advertise": "198.51.100.9", "data_bind": "198.51.100.9"}, "the operator's word"


def test_a_relay_is_there_where_a_party_asks_for_it_and_every_party_knows_its_key():
    made = site(member(1, relay=True), member(2, "192.0.2.2"), advertise="198.51.100.9")
    arbiter = made.member(0)
    assert ways.relay_words(arbiter) == ("--relay-port", "9475")
    assert ways.relay_words(made.member(1)) == (), "nobody but the arbiter's agent runs one"
    assert ways.relay_place(made) is None, "not before it listens"
    listening = replace(arbiter, details={**arbiter.details, "relay_port": 9501})
    made = replace(made, members=[listening, *made.members[1:]])
    relay = ways.relay_place(made)
    assert relay is not None and relay.parties == [1] and relay.fingerprint == arbiter.fingerprint
    assert relay.ways == {"1": "198.51.100.9:9501", "2": "198.51.100.9:9501"}
    assert (relay.host, relay.port) == ("127.0.0.1", 9501), "the arbiter's own worker dials it here"
    assert ways.peers_of(made, made.member(1))[0].relay == relay
    off = replace(listening, details={name: it for name, it in listening.details.items() if name != "relay"})
    assert ways.relay_place(replace(made, members=[off, *made.members[1:]])) is None, "taken back"
