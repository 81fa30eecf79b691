"""What alignment sends: sizes, tokens, points and positions, in pieces, checked before memory is taken."""

from __future__ import annotations

import numpy as np

from fedwarden.engine.errors import AlignmentTooSmall, PeerViolation
from fedwarden.engine.net import Net
from fedwarden.engine.psi import TOKEN_BYTES, Rows, Tokens

MAX_IDS = 2**28  # of one party: what a peer may announce
_CHUNK = 2**20  # tokens or positions in one message


def send_count(net: Net, to: str, tag: str, count: int) -> None:
    net.send(to, tag, np.array([count], dtype=np.uint64))


def receive_count(net: Net, frm: str, tag: str, largest: int = MAX_IDS) -> int:
    """A size from 0 to ``largest``. Raises PeerViolation."""
    (announced,) = net.recv(frm, tag, 8)
    if announced.dtype != np.uint64 or announced.shape != (1,) or int(announced[0]) > largest:
        raise PeerViolation(peer=frm, tag=tag, what="a size out of range")
    return int(announced[0])


def send_tokens(net: Net, to: str, tag: str, tokens: Tokens) -> None:
    send_count(net, to, tag + ".count", len(tokens))
    for start in range(0, len(tokens), _CHUNK):
        net.send(to, tag, np.ascontiguousarray(tokens[start : start + _CHUNK]))


def receive_tokens(net: Net, frm: str, tag: str) -> Tokens:
    count = receive_count(net, frm, tag + ".count")
    tokens = np.empty((count, 2), dtype=np.uint64)
    for start in range(0, count, _CHUNK):
        stop = min(start + _CHUNK, count)
        (part,) = net.recv(frm, tag, (stop - start) * TOKEN_BYTES)
        if part.dtype != np.uint64 or part.shape != (stop - start, 2):
            raise PeerViolation(peer=frm, tag=tag, what="tokens of another shape")
        tokens[start:stop] = part
    return tokens


def send_size(net: Net, to: str, minimum: int, size: int) -> None:
    """How many ids are in common; 0 stands for everything below ``minimum``, all that anybody may know then."""
    send_count(net, to, "psi.size", size if size >= minimum else 0)


def receive_size(net: Net, frm: str, minimum: int, own: int) -> int:
    """How many ids are in common. Raises AlignmentTooSmall; PeerViolation where it exceeds the ``own`` list, or tells
    what ``send_size`` leaves out."""
    size = receive_count(net, frm, "psi.size", own)
    if 0 < size < minimum:
        raise PeerViolation(peer=frm, tag="psi.size", what="a size below the minimum")
    if size < minimum:
        raise AlignmentTooSmall(minimum)
    return size


def send_rows(net: Net, to: str, tag: str, rows: Rows) -> None:
    for start in range(0, len(rows), _CHUNK):
        net.send(to, tag, np.ascontiguousarray(rows[start : start + _CHUNK]))


def receive_positions(net: Net, frm: str, size: int, own: int, tag: str = "psi.positions") -> Rows:
    """``size`` positions in a list of ``own`` rows."""
    positions = np.empty(size, dtype=np.int64)
    for start in range(0, size, _CHUNK):
        stop = min(start + _CHUNK, size)
        (part,) = net.recv(frm, tag, (stop - start) * 8)
        if part.dtype != np.int64 or part.shape != (stop - start,):
            raise PeerViolation(peer=frm, tag=tag, what="positions of another shape")
        positions[start:stop] = part
    if size and (positions.min() < 0 or positions.max() >= own):
        raise PeerViolation(peer=frm, tag=tag, what="a position outside the list")
    return positions
