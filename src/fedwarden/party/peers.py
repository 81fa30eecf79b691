"""Whom this party talks to, and the one key it accepts from each (``peers.json``)."""

from __future__ import annotations

import re
import threading

from fedwarden.common.api import PeerParty
from fedwarden.common.errors import IdentityError, StateError, UsageError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.party.home import Home

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
            pins = read_struct(self._pins, dict[str, str])
        except (FileNotFoundError, StateError):
            return False
        return peer is not None and pins.get(str(party)) == peer.fingerprint

    def all(self) -> list[PeerParty]:
        return [self._peers[party] for party in sorted(self._peers)]

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
                for port in (peer.data_port, peer.control_port):
                    if not 0 < port < 65536:
                        raise UsageError("FW-USE-062", what="port", found=str(port))
                known = after.get(peer.party)
                if known is not None and known.fingerprint != peer.fingerprint:
                    raise IdentityError("FW-ID-061", party=peer.party, pinned=known.fingerprint, found=peer.fingerprint)
                after[peer.party] = peer
            write_struct(self._path, [after[party] for party in sorted(after)])
            self._peers = after
        return self.all()
