"""The guest's way to the hosts' agents: mutual TLS under the pinned key."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

import msgspec

from fedwarden.common.api import PartialAnswer, PartialRequest, RelayPlace
from fedwarden.common.errors import LinkError
from fedwarden.identity.contexts import Credentials, client_context
from fedwarden.identity.https import ControlClient
from fedwarden.identity.names import party_identity
from fedwarden.identity.revocation import RevocationBook
from fedwarden.party.home import Home
from fedwarden.party.membership.peers import PeerBook
from fedwarden.transport import addresses, relay_client
from fedwarden.transport.frames import BadFrame
from fedwarden.transport.wire import Closed


class HostClients:
    """Safe to use from several threads."""

    def __init__(self, home: Home, party: int, peers: PeerBook, revoked: RevocationBook) -> None:
        self._home, self._party, self._peers, self._revoked = home, party, peers, revoked
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def ask(self, party: int, request: PartialRequest, seconds: float) -> PartialAnswer:
        """Raises LinkError (not pinned, out of reach, too slow, nonsense), IdentityError, or what the host answered."""
        peer = self._peers.get(party)
        if peer is None:
            raise LinkError("FW-LINK-003", party=party, address="?", why="not pinned")
        self._revoked.check(peer.fingerprint, party_identity(party).uri)
        relay = self._peers.relay()
        client = ControlClient(
            peer.control_host or peer.host,
            peer.control_port,
            self._tls(),
            party=party,
            fingerprint=peer.fingerprint,
            timeout=seconds,
            limit=1 << 16,
            connect=self._through(relay, party) if relay is not None and party in relay.parties else None,
        )
        answer = client.call("POST", "/v1/partial", request)
        try:
            return msgspec.convert(answer, PartialAnswer)
        except msgspec.ValidationError:
            raise LinkError("FW-LINK-005", party=party, address=client.address, why="no score") from None

    def renew(self) -> None:
        """This agent has a new key: the next connection shows it."""
        with self._lock:
            self._context = None

    def _through(self, relay: RelayPlace, party: int) -> Callable[[float], socket.socket]:
        """A host that can only dial out keeps a connection waiting at the relay."""
        place = addresses.of_relay(relay, self._party)
        wanted = relay_client.Wanted(kind="call", party=party)
        credentials = Credentials(self._home.cert, self._home.key, self._home.ca)

        def connect(seconds: float) -> socket.socket:
            try:
                return relay_client.join(relay, place, credentials, wanted, seconds, lambda sock: None)
            except (Closed, BadFrame) as error:
                raise LinkError(
                    "FW-LINK-481", party=party, address=addresses.spelled(place), why=str(error)[:100]
                ) from None

        return connect

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = client_context(self._home.cert, self._home.key, self._home.ca)
            return self._context
