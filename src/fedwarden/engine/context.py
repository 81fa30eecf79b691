"""Who takes part in one attempt of a job, and the secrets that the dealer shares with each data party.

The secret of a pair comes from an X25519 exchange over the pair's own authenticated channel (RFC 7748), bound by
HKDF to the
attempt; the attempt's id is the hash of 32 random bytes from every role, so nobody can bring an old one back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from fedwarden.engine.errors import AttemptMismatch, PeerViolation
from fedwarden.engine.executor import Executor, InMemory
from fedwarden.engine.net import Net
from fedwarden.engine.ring import Ring
from fedwarden.engine.streams import Streams

HELLO, AGREED = "attempt.hello", "attempt.agreed"


@dataclass(frozen=True)
class PartyContext:
    """One data party's view. ``data_roles``: guest first, then the hosts in order; the same tuple at every role."""

    role: str
    data_roles: tuple[str, ...]
    dealer: str
    job: str
    attempt: str
    net: Net
    streams: Streams
    executor: Executor = field(default_factory=InMemory)

    @property
    def index(self) -> int:
        return self.data_roles.index(self.role)

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(role for role in self.data_roles if role != self.role)

    def send_others(self, tag: str, values: Ring) -> None:
        for role in self.others:
            self.net.send(role, tag, values)

    def receive(self, frm: str, tag: str, *shape: int) -> Ring:
        return receive(self.net, frm, tag, *shape)


@dataclass(frozen=True)
class DealerContext:
    """The dealer's view: a stream set per data party."""

    role: str
    data_roles: tuple[str, ...]
    job: str
    attempt: str
    net: Net
    streams: dict[str, Streams]
    executor: Executor = field(default_factory=InMemory)

    def others(self, role: str) -> tuple[str, ...]:
        return tuple(other for other in self.data_roles if other != role)


def receive(net: Net, frm: str, tag: str, *shape: int) -> Ring:
    """One array of ring elements of exactly this shape. Raises PeerViolation for anything else."""
    words = 1
    for size in shape:
        words *= size
    arrays = net.recv(frm, tag, 8 * words)
    if len(arrays) != 1 or arrays[0].dtype != np.uint64 or arrays[0].shape != shape:
        raise PeerViolation(peer=frm, tag=tag, what="shape")
    return np.ascontiguousarray(arrays[0], dtype=np.uint64)


def receive_bytes(net: Net, frm: str, tag: str, size: int) -> bytes:
    """A message of exactly ``size`` bytes."""
    arrays = net.recv(frm, tag, size)
    if len(arrays) != 1 or arrays[0].dtype != np.uint8 or arrays[0].shape != (size,):
        raise PeerViolation(peer=frm, tag=tag, what="shape")
    return arrays[0].tobytes()


def as_bytes_array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)


def open_party(
    net: Net, role: str, data_roles: Sequence[str], dealer: str, job: str, executor: Executor | None = None
) -> PartyContext:
    """Agrees on a new attempt with every role and on a secret with the dealer. All roles call it (or
    ``open_dealer``) at once."""
    roles = tuple(data_roles)
    key = X25519PrivateKey.generate()
    contributions = _exchange(net, role, (*roles, dealer), {dealer: key.public_key().public_bytes_raw()})
    attempt = _attempt(job, contributions)
    _agree(net, role, (*roles, dealer), attempt)
    peer_key = contributions[dealer][32:]
    secret = _derive(key, peer_key, job, attempt, dealer, role)
    return PartyContext(role, roles, dealer, job, attempt, net, Streams(secret, job, attempt), executor or InMemory())


def open_dealer(
    net: Net, role: str, data_roles: Sequence[str], job: str, executor: Executor | None = None
) -> DealerContext:
    """The dealer's side of ``open_party``."""
    roles = tuple(data_roles)
    keys = {party: X25519PrivateKey.generate() for party in roles}
    contributions = _exchange(
        net, role, (*roles, role), {p: k.public_key().public_bytes_raw() for p, k in keys.items()}
    )
    attempt = _attempt(job, contributions)
    _agree(net, role, (*roles, role), attempt)
    streams = {
        party: Streams(_derive(keys[party], contributions[party][32:], job, attempt, role, party), job, attempt)
        for party in roles
    }
    return DealerContext(role, roles, job, attempt, net, streams, executor or InMemory())


def reopen_party(ctx: PartyContext) -> PartyContext:
    """A new attempt between the same roles: nothing of the old one is used again."""
    return open_party(ctx.net, ctx.role, ctx.data_roles, ctx.dealer, ctx.job, ctx.executor)


def reopen_dealer(ctx: DealerContext) -> DealerContext:
    return open_dealer(ctx.net, ctx.role, ctx.data_roles, ctx.job, ctx.executor)


def _exchange(net: Net, me: str, roles: tuple[str, ...], public: dict[str, bytes]) -> dict[str, bytes]:
    """32 random bytes to everybody, followed by the public key meant for that role (zeros where there is none)."""
    mine = os.urandom(32)
    for role in roles:
        if role != me:
            net.send(role, HELLO, as_bytes_array(mine + public.get(role, bytes(32))))
    heard = {role: receive_bytes(net, role, HELLO, 64) for role in roles if role != me}
    return {**heard, me: mine + bytes(32)}


def _attempt(job: str, contributions: dict[str, bytes]) -> str:
    digest = hashlib.sha256(b"fedwarden attempt 1\x1f" + job.encode() + b"\x1f")
    for role in sorted(contributions):
        digest.update(role.encode() + b"\x1f" + contributions[role][:32])
    return digest.hexdigest()


def _agree(net: Net, me: str, roles: tuple[str, ...], attempt: str) -> None:
    raw = bytes.fromhex(attempt)
    for role in roles:
        if role != me:
            net.send(role, AGREED, as_bytes_array(raw))
    for role in roles:
        if role != me and receive_bytes(net, role, AGREED, 32) != raw:
            raise AttemptMismatch(peer=role)


def _derive(key: X25519PrivateKey, peer: bytes, job: str, attempt: str, dealer: str, party: str) -> bytes:
    shared = key.exchange(X25519PublicKey.from_public_bytes(peer))
    info = "\x1f".join(("fedwarden pair 1", job, dealer, party)).encode()
    return HKDF(SHA256(), 32, salt=bytes.fromhex(attempt), info=info).derive(shared)
