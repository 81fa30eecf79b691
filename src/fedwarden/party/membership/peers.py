"""Whom this party talks to, and the one key it accepts from each (``peers.json``)."""

from __future__ import annotations

import re
import threading
from collections.abc import Container

import msgspec
from msgspec.structs import replace

from fedwarden.common.api import PeerParty, RelayPlace
from fedwarden.common.errors import IdentityError, StateError, UsageError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.common.membership import KeyChange, Statement
from fedwarden.identity.statements import hear
from fedwarden.party.home import Home
from fedwarden.party.membership.pins import change_pins, read_pins
from fedwarden.party.membership.renewal import KIND

_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


class PeerBook:
    """Pinned peers. Addresses may change; a pinned fingerprint is never replaced through the API.

    ``pins.json`` holds what the party's own operator confirmed: party id → fingerprint.
    """

    def __init__(self, home: Home) -> None:
        self._path = home.peers_json
        self._pins = home.pins_json
        self._lock = threading.Lock()
        self._peers: dict[int, PeerParty] = {}
        if self._path.exists():
            self._peers = {peer.party: peer for peer in read_struct(self._path, list[PeerParty])}

    def get(self, party: int) -> PeerParty | None:
        return self._peers.get(party)

    def confirmed(self, party: int) -> bool:
        """Whether the operator has confirmed the very key that is pinned; a broken or missing file confirms nothing."""
        peer = self._peers.get(party)
        try:
            pins = read_pins(self._pins)
        except StateError:
            return False
        return peer is not None and pins.get(str(party)) == peer.fingerprint

    def all(self) -> list[PeerParty]:
        return [self._peers[party] for party in sorted(self._peers)]

    def change_key(self, statement: Statement) -> list[PeerParty]:
        """Pins the new key of a peer that its pinned key has signed; what the operator confirmed stays confirmed.

        Raises IdentityError FW-ID-062 (not pinned here), FW-ID-521 (not signed by the pinned key).
        """
        try:
            claimed = msgspec.json.decode(statement.text, type=KeyChange)
        except msgspec.MsgspecError:
            raise IdentityError("FW-ID-521", kind=KIND, why="unknown content") from None
        party = claimed.party
        with self._lock:
            peer = self._peers.get(party)
            if peer is None:
                raise IdentityError("FW-ID-062", party=party, role="-")
            if claimed.new != peer.fingerprint:  # else it has been told before
                change = hear(statement, KIND, peer.fingerprint, KeyChange)
                change_pins(self._pins, lambda pins: _renewed(pins, change))
                self._store({**self._peers, party: replace(peer, fingerprint=change.new)})
        return self.all()

    def drop(self, revoked: Container[str]) -> None:
        """Takes back the pins of revoked keys: their parties may be introduced again with other ones."""
        with self._lock:
            after = {party: peer for party, peer in self._peers.items() if peer.fingerprint not in revoked}
            if len(after) < len(self._peers):
                self._store(after)

    def _store(self, after: dict[int, PeerParty]) -> None:
        write_struct(self._path, [after[party] for party in sorted(after)])
        self._peers = after

    def relay(self) -> RelayPlace | None:
        """The relay of this deployment, if it has one."""
        peer = next((peer for peer in self.all() if peer.relay is not None), None)
        return None if peer is None or peer.relay is None else replace(peer.relay, fingerprint=peer.fingerprint)

    def pin(self, peers: list[PeerParty]) -> list[PeerParty]:
        """Adds ``peers`` or renews their addresses: all of them or none.

        Raises IdentityError FW-ID-061 when one of them shows another fingerprint than the pinned one, UsageError
        FW-USE-062 when a fingerprint or a port is none.
        """
        with self._lock:
            after = dict(self._peers)
            for peer in peers:
                if _FINGERPRINT.fullmatch(peer.fingerprint) is None:
                    raise UsageError("FW-USE-062", what="fingerprint", found=peer.fingerprint[:16])
                for port in (peer.data_port, peer.control_port, peer.relay.port if peer.relay else 1):
                    if not 0 < port < 65536:
                        raise UsageError("FW-USE-062", what="port", found=str(port))
                known = after.get(peer.party)
                if known is not None and known.fingerprint != peer.fingerprint:
                    raise IdentityError("FW-ID-061", party=peer.party, pinned=known.fingerprint, found=peer.fingerprint)
                after[peer.party] = peer
            self._store(after)
        return self.all()

    def forget(self, party: int) -> list[PeerParty]:
        """A party that left the deployment; should it come again, it comes with another key. Answers those left."""
        with self._lock:
            after = {known: peer for known, peer in self._peers.items() if known != party}
            if after != self._peers:
                write_struct(self._path, [after[known] for known in sorted(after)])
                self._peers = after
        return self.all()


def _renewed(pins: dict[str, str], change: KeyChange) -> dict[str, str]:
    """The operator's yes to the old key is one to the new one, which that key has signed."""
    party = str(change.party)
    return {**pins, party: change.new} if pins.get(party) == change.old else pins
