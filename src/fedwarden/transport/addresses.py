"""Where a role is dialled: a party may be reached at another address than the one it listens on, and differently by
different parties (NAT)."""

from __future__ import annotations

import ipaddress

from fedwarden.common.api import JobPeer, RelayPlace

Place = tuple[str, int]


def split(text: str, port: int) -> Place:
    """``address[:port]`` as (address, port); ``port`` where the text names none. Raises ValueError."""
    host, colon, number = text.strip().partition(":")
    if not host or (colon and not (number.isascii() and number.isdigit() and 0 < int(number) < 65536)):
        raise ValueError(text[:80])
    return host, int(number) if colon else port


def of_peer(peer: JobPeer, viewer: int) -> Place:
    """The data port of ``peer`` as the party ``viewer`` dials it."""
    way = peer.ways.get(str(viewer))
    return (peer.host, peer.data_port) if way is None else split(way, peer.data_port)


def of_relay(relay: RelayPlace, viewer: int) -> Place:
    way = relay.ways.get(str(viewer))
    return (relay.host, relay.port) if way is None else split(way, relay.port)


def worth_dialling(place: Place, own: JobPeer, peer: JobPeer) -> bool:
    """A loopback address leads to another party only on one machine, where this party has one too."""
    return own.party == peer.party or not _loopback(place[0]) or _loopback(own.host)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def spelled(place: Place) -> str:
    return f"{place[0]}:{place[1]}"
