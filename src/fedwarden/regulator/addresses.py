"""Whether an address is this machine's own, found out without asking the network."""

from __future__ import annotations

import ipaddress
import socket

from fedwarden.common.errors import UsageError


def ipv4(text: str) -> str:
    """The usual spelling. Raises UsageError FW-USE-010."""
    try:
        found = ipaddress.IPv4Address(text)
    except ValueError:
        raise UsageError("FW-USE-010", found=text[:40]) from None
    if found.is_unspecified or found.is_multicast or found == ipaddress.IPv4Address("255.255.255.255"):
        raise UsageError("FW-USE-010", found=text[:40])
    return str(found)


def is_own(ip: str) -> bool:
    """One can listen there and reach oneself: true of loopback and of every address of a network card, and not of a
    broadcast address, to which binding alone would succeed."""
    with socket.socket() as listener, socket.socket() as caller:
        try:
            listener.bind((ip, 0))
            listener.listen(1)
            caller.settimeout(1.0)
            caller.connect(listener.getsockname())
        except OSError:
            return False
    return True
