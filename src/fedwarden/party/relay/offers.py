"""An agent that can only dial out keeps a few connections waiting at the relay, so that others can ask its control API.

What comes through is passed to its own control port unread: the caller's TLS session ends there, as with any other.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable

import structlog

from fedwarden.common.api import RelayPlace
from fedwarden.common.errors import FedwardenError
from fedwarden.identity.contexts import Credentials
from fedwarden.party.home import Home
from fedwarden.party.membership.peers import PeerBook
from fedwarden.transport import addresses, relay_client
from fedwarden.transport.attempts import Attempts
from fedwarden.transport.frames import BadFrame
from fedwarden.transport.pump import join_ends
from fedwarden.transport.wire import Closed

#: Connections that wait; seconds until a relay that is out of reach is tried again, and that one offer stands at most.
OFFERS, AGAIN_SECONDS, OFFER_SECONDS = 2, 2.0, 630.0
#: Seconds without a byte after which a call through the relay ends.
CALL_IDLE = 30.0


class Offers:
    """``control`` says where this agent's control port is, once it listens."""

    def __init__(self, home: Home, party: int, peers: PeerBook, control: Callable[[], tuple[str, int]]) -> None:
        self._credentials = Credentials(home.cert, home.key, home.ca)
        self._party, self._peers, self._control = party, peers, control
        self._attempts = Attempts()
        self._over = threading.Event()
        self._log = structlog.get_logger()

    def start(self) -> None:
        for number in range(OFFERS):
            threading.Thread(target=self._keep, name=f"offer-{number}", daemon=True).start()

    def close(self) -> None:
        self._over.set()
        self._attempts.end_all()

    def _keep(self) -> None:
        lost = ""
        while not self._over.is_set():
            relay = self._peers.relay()
            if relay is None or self._party not in relay.parties:
                self._over.wait(AGAIN_SECONDS)
                continue
            began = time.monotonic()
            try:
                self._one(relay)
                lost = ""
            except (FedwardenError, BadFrame, ssl.SSLError, OSError, Closed) as error:
                why = getattr(error, "code", None) or str(error)[:100] or type(error).__name__
                if time.monotonic() - began > AGAIN_SECONDS:  # it stood for a while: that is how an offer ends
                    lost = ""
                    continue
                if why != lost:
                    self._log.warning("relay out of reach", why=why)
                lost = why
                self._over.wait(AGAIN_SECONDS)

    def _one(self, relay: RelayPlace) -> None:
        with self._attempts.one("offer") as attempt:
            place = addresses.of_relay(relay, self._party)
            wanted = relay_client.Wanted(kind="offer", party=self._party)
            caller = relay_client.join(relay, place, self._credentials, wanted, OFFER_SECONDS, attempt.seen)
            attempt.keep()
        threading.Thread(target=self._serve, args=(caller,), name="relayed-call", daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        host, port = self._control()
        try:
            own = socket.create_connection(("127.0.0.1" if host == "0.0.0.0" else host, port), 5.0)  # noqa: S104
        except OSError:
            caller.close()
            return
        join_ends(caller, own, CALL_IDLE)
