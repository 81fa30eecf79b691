"""The regulator's relay as a process beside the arbiter's agent, which starts it: ``python -m fedwarden.party.relay
--home H --fd N``, N the listening socket. It ends when its standard input does: with its agent.

Whom it serves: parties that the arbiter's agent has pinned, for a job that this agent holds and that allows the relay,
and for predictions between them. Everybody else is refused.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from pathlib import Path

import structlog

from fedwarden.common.api import JobSpec, RoleStatus
from fedwarden.common.errors import FedwardenError, StateError
from fedwarden.common.files import read_struct
from fedwarden.identity.contexts import Credentials, Peer
from fedwarden.identity.keys import fingerprint_of_pem
from fedwarden.identity.revocation import read_book
from fedwarden.party import agent_log
from fedwarden.party.home import Home
from fedwarden.party.membership.peers import PeerBook
from fedwarden.transport.relay import Relay
from fedwarden.transport.relay_client import Wanted


class Gate:
    """Who may meet whom, looked up anew for every connection: pins and jobs change while the relay runs."""

    def __init__(self, home: Home, party: int, fingerprint: str) -> None:
        self._home, self._party, self._fingerprint = home, party, fingerprint

    def __call__(self, peer: Peer, wanted: Wanted) -> str:
        """Why not, in a few words; empty: it may."""
        party = peer.identity.party
        if party is None or not self._pinned(party, peer.fingerprint):
            return "not a party of this deployment"
        try:
            if not read_book(self._home.root).holds(peer.fingerprint):
                return "its key is revoked"
        except StateError as error:
            return error.code
        if wanted.kind == "offer":
            return ""
        if not self._pinned(wanted.party):
            return "no such party in this deployment"
        return "" if wanted.kind == "call" else self._job(party, wanted)

    def _pinned(self, party: int, fingerprint: str | None = None) -> bool:
        if party == self._party:
            return fingerprint in (None, self._fingerprint)
        pinned = PeerBook(self._home).get(party)
        return pinned is not None and fingerprint in (None, pinned.fingerprint)

    def _job(self, party: int, wanted: Wanted) -> str:
        try:
            spec = read_struct(self._home.spec(wanted.job), JobSpec)
            own = next(peer.role for peer in spec.roles if peer.party == self._party)
            status = read_struct(self._home.status(wanted.job, own), RoleStatus)
        except (FileNotFoundError, FedwardenError, StopIteration):
            return "no such job yet"
        if spec.relay is None:
            return "a job without relay"
        if status.state in ("success", "failed"):
            return "the job is over"
        parties = {peer.role: peer.party for peer in spec.roles}
        named = parties.get(wanted.role) == party and parties.get(wanted.to) == wanted.party
        return "" if named and wanted.role != wanted.to else "no such roles in this job"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fedwarden.party.relay")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--party", type=int, required=True)
    parser.add_argument("--fd", type=int, required=True)
    words = parser.parse_args()
    os.umask(0o077)
    home = Home(words.home)
    close_log = agent_log.configure(home.root / "relay.log")
    log = structlog.get_logger()
    gate = Gate(home, words.party, fingerprint_of_pem(home.cert.read_bytes()))
    relay = Relay(Credentials(home.cert, home.key, home.ca), gate, log.info)
    listener = socket.socket(fileno=words.fd)
    threading.Thread(target=_until_the_agent_ends, daemon=True).start()
    log.info("listening", port=listener.getsockname()[1])
    relay.serve(listener)
    close_log()


def _until_the_agent_ends() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
