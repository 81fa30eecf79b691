"""Alignment through the arbiter: the same rows in the same order at every data role (docs/protocol.md, section 7).

One blocking function per role. The guest gives each host a fresh key over their own channel; guest and hosts send the
arbiter tokens under those keys; the arbiter answers with positions, once it has seen that enough ids are in common.

What each role sees: a host its key, the size, and which of its own rows are in the intersection, in the guest's
secret order. The guest the size and which of its rows. The arbiter the lists' sizes and, per guest position (an order
that means nothing to it), which hosts hold it: tokens of different hosts stand under different keys, so it cannot match
hosts with each other outside the guest's list. The arbiter *together with a host* can test guesses of ids against the
guest's list; together with the guest, against all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine.alignment_messages import (
    receive_positions,
    receive_size,
    receive_tokens,
    send_rows,
    send_size,
    send_tokens,
)
from fedwarden.engine.errors import AlignmentTooSmall, PeerViolation
from fedwarden.engine.net import Net
from fedwarden.engine.psi import (
    ID_RULE,
    KEY_BYTES,
    TOKEN_BYTES,
    Rows,
    all_different,
    find_tokens,
    keyed_tokens,
    normalise_ids,
    secret_order,
    strictly_sorted,
    token_order,
)

MINIMUM = 100  # ids in common, unless the job says otherwise


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """``index``: this role's own rows (size) in the common order; None at the arbiter. ``sent``: bytes to each peer by
    the protocol's formula, frames not counted."""

    size: int
    index: Rows | None = None
    sent: dict[str, int] = field(default_factory=dict)
    revealed: list[dict[str, Any]] = field(default_factory=list)


def align_guest(
    net: Net, ids: Sequence[str], hosts: Sequence[str], *, minimum: int = MINIMUM, arbiter: str = "arbiter"
) -> Alignment:
    """The guest's part; ``ids`` are its rows' ids as text (n).

    Raises DuplicateIds, EmptyId, AlignmentTooSmall (at every role alike), PeerViolation.
    """
    ids = normalise_ids(ids)
    order = secret_order(len(ids))
    in_order = [ids[row] for row in order.tolist()]
    keys = {host: os.urandom(KEY_BYTES) for host in hosts}
    for host, key in keys.items():
        net.send(host, "psi.key", np.frombuffer(key, dtype=np.uint8), _text(ID_RULE))
    for host, key in keys.items():
        send_tokens(net, arbiter, f"psi.tokens.{host}", keyed_tokens(key, in_order))
    size = receive_size(net, arbiter, minimum, len(ids))
    positions = receive_positions(net, arbiter, size, len(ids))
    if np.any(positions[1:] <= positions[:-1]):
        raise PeerViolation(peer=arbiter, tag="psi.positions", what="positions that do not rise")
    sent = {arbiter: len(hosts) * (8 + TOKEN_BYTES * len(ids)), **dict.fromkeys(hosts, KEY_BYTES + len(ID_RULE))}
    return Alignment(size=size, index=order[positions], revealed=_size_revealed(size, [*hosts, arbiter]), sent=sent)


def align_host(
    net: Net, ids: Sequence[str], *, minimum: int = MINIMUM, guest: str = "guest", arbiter: str = "arbiter"
) -> Alignment:
    """A host's part; ``ids`` are its rows' ids as text (n). Raises as ``align_guest`` does."""
    ids = normalise_ids(ids)
    key, rule = net.recv(guest, "psi.key", KEY_BYTES + 32)
    if key.dtype != np.uint8 or key.shape != (KEY_BYTES,) or rule.tobytes() != ID_RULE.encode():
        raise PeerViolation(peer=guest, tag="psi.key", what="another key length or id rule")
    tokens = keyed_tokens(key.tobytes(), ids)
    order = token_order(tokens)
    send_tokens(net, arbiter, "psi.tokens", tokens[order])
    size = receive_size(net, arbiter, minimum, len(ids))
    positions = receive_positions(net, arbiter, size, len(ids))
    if not all_different(positions, len(ids)):
        raise PeerViolation(peer=arbiter, tag="psi.positions", what="a position twice")
    return Alignment(size=size, index=order[positions], sent={arbiter: 8 + TOKEN_BYTES * len(ids)})


def align_arbiter(net: Net, hosts: Sequence[str], *, minimum: int = MINIMUM, guest: str = "guest") -> Alignment:
    """The arbiter's part. ``revealed`` lists, in numbers, what it learned.

    Raises AlignmentTooSmall after it told every role that, and not the size; PeerViolation.
    """
    in_all: NDArray[np.bool_] | None = None
    where: dict[str, Rows] = {}
    revealed: list[dict[str, Any]] = []
    for host in hosts:
        held = receive_tokens(net, host, "psi.tokens")
        if not strictly_sorted(held):
            raise PeerViolation(peer=host, tag="psi.tokens", what="tokens out of order or repeated")
        wanted = receive_tokens(net, guest, f"psi.tokens.{host}")
        if in_all is None:
            in_all = np.ones(len(wanted), dtype=np.bool_)
            revealed.append({"what": "psi.list_size", "of": guest, "to": "arbiter", "count": len(wanted)})
        if len(wanted) != len(in_all):
            raise PeerViolation(peer=guest, tag=f"psi.tokens.{host}", what="lists of different sizes")
        at = find_tokens(wanted, held)
        held_here = at >= 0
        overlap = int(np.count_nonzero(held_here))
        if not all_different(at[held_here], len(held)):
            raise PeerViolation(peer=guest, tag=f"psi.tokens.{host}", what="a token twice")
        in_all &= held_here
        where[host] = at
        revealed.append({"what": "psi.list_size", "of": host, "to": "arbiter", "count": len(held)})
        revealed.append({"what": "psi.overlap", "of": f"{guest}, {host}", "to": "arbiter", "count": overlap})
    common = np.flatnonzero(in_all) if in_all is not None else np.empty(0, dtype=np.int64)
    size = len(common)
    for role in [guest, *hosts]:
        send_size(net, role, minimum, size)
    if size < minimum:
        raise AlignmentTooSmall(minimum, revealed)
    send_rows(net, guest, "psi.positions", common)
    for host in hosts:
        send_rows(net, host, "psi.positions", where[host][common])
    return Alignment(size=size, revealed=revealed, sent=dict.fromkeys([guest, *hosts], 8 + 8 * size))


def send_split(net: Net, hosts: Sequence[str], held_out: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The guest tells the hosts (not the arbiter) which aligned rows (size) are held out; returns what that reveals."""
    packed = np.packbits(held_out)
    count = int(np.count_nonzero(held_out))
    for host in hosts:
        net.send(host, "split.held_out", packed)
    return [{"what": "split.held_out", "to": host, "count": count} for host in hosts] if count else []


def receive_split(net: Net, size: int, *, guest: str = "guest") -> NDArray[np.bool_]:
    """A host's side of ``send_split``: the mask (size). Raises PeerViolation."""
    (packed,) = net.recv(guest, "split.held_out", (size + 7) // 8)
    if packed.dtype != np.uint8 or packed.shape != ((size + 7) // 8,):
        raise PeerViolation(peer=guest, tag="split.held_out", what="a mask of another size")
    held_out = np.unpackbits(packed.astype(np.uint8, copy=False), count=size).astype(np.bool_)
    if size and held_out.all():
        raise PeerViolation(peer=guest, tag="split.held_out", what="no row left to train on")
    return held_out


def _text(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _size_revealed(size: int, others: Sequence[str]) -> list[dict[str, Any]]:
    return [{"what": "psi.intersection_size", "to": role, "count": size} for role in ["guest", *others]]
