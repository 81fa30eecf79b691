"""Alignment without the arbiter, which gets no byte: commutative masking in ristretto255 (docs/protocol.md, section 7).

Meadows 1986; Huberman, Franklin, Hogg 1999, with the order of the guest's list hidden from the guest, as in private
set intersection cardinality (De Cristofaro, Gasti, Tsudik 2012):

1. The guest sends a·H(x) of its rows to every host, in one secret random order.
2. The hosts share one secret shuffle. Host j returns b_j·a·H(x) in that shuffled order, and sends b_j·H(y) of its own
   rows, in an order of its own.
3. The guest forms a·b_j·H(y) and sees, for each shuffled position, which hosts hold it. It counts the positions that
   all hold, and only if there are enough it names them to the hosts.
4. Each host takes its own rows; the first host names to the guest where those positions stood in the guest's list.

So a host learns the guest's number of rows, the size, and its own rows in common. The guest learns the hosts' numbers
of rows, the size, its own rows in common, and for positions that mean nothing to it which hosts hold them: overlaps of
its list with each host's, as numbers, never which rows. Two hosts are not matched outside the guest's list.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from fedwarden.engine.alignment import MINIMUM, Alignment
from fedwarden.engine.alignment_messages import (
    receive_count,
    receive_positions,
    receive_size,
    receive_tokens,
    send_count,
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
    Tokens,
    all_different,
    find_tokens,
    normalise_ids,
    secret_order,
    strictly_sorted,
    token_order,
)
from fedwarden.engine.ristretto import POINT_BYTES, NoPoint, Points, hash_to_group, multiply, random_scalar
from fedwarden.engine.streams import permutation

_CHUNK = 2**12  # points in one message: a quarter of a second's work, and both sides take turns at that pace


def align_guest(net: Net, ids: Sequence[str], hosts: Sequence[str], *, minimum: int = MINIMUM) -> Alignment:
    """The guest's part; ``ids`` are its rows' ids as text (n).

    Raises DuplicateIds, EmptyId, AlignmentTooSmall (at every data party alike), PeerViolation.
    """
    ids = normalise_ids(ids)
    order = secret_order(len(ids))
    scalar = random_scalar()
    for host in hosts:
        net.send(host, "psi.rule", np.frombuffer(ID_RULE.encode(), dtype=np.uint8))
        send_count(net, host, "psi.masked.count", len(ids))
    counts = {host: receive_count(net, host, "psi.held.count") for host in hosts}
    held = {host: np.empty((count, POINT_BYTES), dtype=np.uint8) for host, count in counts.items()}
    for start in range(0, max(len(ids), *counts.values()), _CHUNK):
        rows = order[start : start + _CHUNK].tolist()
        if rows:
            masked = multiply(scalar, hash_to_group([ids[row] for row in rows]))
            for host in hosts:
                net.send(host, "psi.masked", masked)
        for host, points in held.items():
            _fill(net, host, "psi.held", points, start, scalar)
    revealed: list[dict[str, Any]] = []
    in_all = np.ones(len(ids), dtype=np.bool_)
    where: dict[str, Rows] = {}
    for host in hosts:
        where[host] = _find(net, host, len(ids), _tokens(held.pop(host)))
        in_all &= where[host] >= 0
        revealed.append({"what": "psi.list_size", "of": host, "to": "guest", "count": counts[host]})
        if len(hosts) > 1:
            overlap = int(np.count_nonzero(where[host] >= 0))
            revealed.append({"what": "psi.overlap", "of": f"guest, {host}", "to": "guest", "count": overlap})
    common = np.flatnonzero(in_all)
    size = len(common)
    for host in hosts:
        send_size(net, host, minimum, size)
    if size < minimum:
        seen = {"what": "psi.intersection_size", "to": "guest", "count": size}
        raise AlignmentTooSmall(minimum, [*revealed, *_list_size(len(ids), hosts), seen])
    for host in hosts:
        send_rows(net, host, "psi.positions", where[host][common])
    send_rows(net, hosts[0], "psi.common", common)
    positions = _distinct_positions(net, hosts[0], size, len(ids))
    revealed += _list_size(len(ids), hosts)
    # the arbiter hears the number of rows when training begins
    everybody = ("guest", *hosts, "arbiter")
    revealed += [{"what": "psi.intersection_size", "to": role, "count": size} for role in everybody]
    sent = {host: len(ID_RULE) + 8 + POINT_BYTES * len(ids) + 8 + 8 * size for host in hosts}
    sent[hosts[0]] += 8 * size
    return Alignment(size=size, index=order[positions], revealed=revealed, sent=sent)


def align_host(
    net: Net, role: str, ids: Sequence[str], hosts: Sequence[str], *, minimum: int = MINIMUM, guest: str = "guest"
) -> Alignment:
    """The part of ``role``, one of ``hosts``; ``ids`` are its rows' ids as text (n). Raises as ``align_guest`` does."""
    ids = normalise_ids(ids)
    order = secret_order(len(ids))
    scalar = random_scalar()
    (rule,) = net.recv(guest, "psi.rule", 32)
    if rule.tobytes() != ID_RULE.encode():
        raise PeerViolation(peer=guest, tag="psi.rule", what="another id rule")
    theirs = receive_count(net, guest, "psi.masked.count")
    send_count(net, guest, "psi.held.count", len(ids))
    shuffle = _shared_shuffle(net, role, hosts, theirs)
    doubled = np.empty((theirs, POINT_BYTES), dtype=np.uint8)
    for start in range(0, max(theirs, len(ids)), _CHUNK):
        rows = order[start : start + _CHUNK].tolist()
        if rows:
            net.send(guest, "psi.held", multiply(scalar, hash_to_group([ids[row] for row in rows])))
        _fill(net, guest, "psi.masked", doubled, start, scalar)
    send_tokens(net, guest, "psi.returned", _tokens(doubled)[shuffle])
    size = receive_size(net, guest, minimum, min(theirs, len(ids)))
    positions = _distinct_positions(net, guest, size, len(ids))
    if role == hosts[0]:
        common = _distinct_positions(net, guest, size, theirs, "psi.common")
        send_rows(net, guest, "psi.positions", shuffle[common])
    sent = {guest: 16 + POINT_BYTES * len(ids) + TOKEN_BYTES * theirs}
    if role == hosts[0]:
        sent |= {guest: sent[guest] + 8 * size, **dict.fromkeys(hosts[1:], KEY_BYTES)}
    return Alignment(size=size, index=order[positions], sent=sent)


def _shared_shuffle(net: Net, role: str, hosts: Sequence[str], size: int) -> Rows:
    """The same secret order of the guest's positions (size) at all hosts: the first host's choice."""
    if role != hosts[0]:
        (seed,) = net.recv(hosts[0], "psi.shuffle", KEY_BYTES)
        if seed.dtype != np.uint8 or seed.shape != (KEY_BYTES,):
            raise PeerViolation(peer=hosts[0], tag="psi.shuffle", what="a seed of another size")
        return permutation(seed.tobytes(), size)
    chosen = os.urandom(KEY_BYTES)
    for host in hosts[1:]:
        net.send(host, "psi.shuffle", np.frombuffer(chosen, dtype=np.uint8))
    return permutation(chosen, size)


def _fill(net: Net, frm: str, tag: str, points: Points, start: int, scalar: bytes) -> None:
    """Receives the points from ``start`` on, if there are any, and puts their multiples in their place."""
    place = points[start : start + _CHUNK]
    if not len(place):
        return
    (part,) = net.recv(frm, tag, place.nbytes)
    if part.dtype != np.uint8 or part.shape != place.shape:
        raise PeerViolation(peer=frm, tag=tag, what="points of another shape")
    try:
        place[:] = multiply(scalar, part.astype(np.uint8, copy=False))
    except NoPoint as error:
        raise PeerViolation(peer=frm, tag=tag, what=f"no point at {start + error.row}") from None


def _find(net: Net, host: str, size: int, held: Tokens) -> Rows:
    """Where each shuffled position of the guest's list (size) stands in the host's, -1 where it does not."""
    returned = receive_tokens(net, host, "psi.returned")
    if len(returned) != size:
        raise PeerViolation(peer=host, tag="psi.returned", what="a list of another size")
    order = token_order(held)
    rising = held[order]
    if not strictly_sorted(rising):
        raise PeerViolation(peer=host, tag="psi.held", what="a point twice")
    at = find_tokens(returned, rising)
    found = at >= 0
    if not all_different(at[found], len(held)):
        raise PeerViolation(peer=host, tag="psi.returned", what="a point twice")
    at[found] = order[at[found]]
    return at


def _distinct_positions(net: Net, frm: str, size: int, own: int, tag: str = "psi.positions") -> Rows:
    positions = receive_positions(net, frm, size, own, tag)
    if not all_different(positions, own):
        raise PeerViolation(peer=frm, tag=tag, what="a position twice")
    return positions


def _tokens(points: Points) -> Tokens:
    """The first 128 bits of each point under both keys: enough to compare, and nothing can be multiplied on."""
    return np.ascontiguousarray(points[:, :16]).reshape(-1).view("<u8").reshape(-1, 2).astype(np.uint64)


def _list_size(count: int, hosts: Sequence[str]) -> list[dict[str, Any]]:
    return [{"what": "psi.list_size", "of": "guest", "to": host, "count": count} for host in hosts]
