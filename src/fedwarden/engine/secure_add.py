"""Secure addition (docs/protocol.md, section 8): every party's table of ones, added under sharing, opened to the guest.

It is the example algorithm, and deployment's proof that every channel works. With two data parties the sum hides
nothing, since each can subtract its own part: it shows the way, it protects nobody.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fedwarden.engine.errors import PeerViolation
from fedwarden.engine.net import Net

DATA_NUM = 1000


@dataclass(frozen=True)
class SecureSum:
    """At the guest: what the total must be and what came out of the shares."""

    expected: int
    obtained: int


def secure_add(
    net: Net, role: str, participants: Sequence[str], *, arbiter: str | None = "arbiter", data_num: int = DATA_NUM
) -> SecureSum | None:
    """One role's part; the same call at every role of ``participants`` (the guest among them). None but at the guest.

    Each data role adds up its table (``data_num`` ones), the ``arbiter`` (if it takes part) stands in with zero. Each
    splits its value into uniformly random shares mod 2^64, one per participant; each adds the shares it got and gives
    the sum to the guest. So a message crosses every channel in both directions. Raises PeerViolation.
    """
    if role not in participants or "guest" not in participants:
        raise ValueError(f"{role} and a guest must be among {list(participants)}")
    others = [p for p in participants if p != role]
    own = np.zeros(data_num, dtype=np.uint64) if role == arbiter else np.ones(data_num, dtype=np.uint64)
    shares = np.frombuffer(os.urandom(8 * len(others)), dtype=np.uint64)
    for k, other in enumerate(others):
        net.send(other, "sum.share", shares[k : k + 1].copy())
    partial = own.sum(dtype=np.uint64, keepdims=True) - shares.sum(dtype=np.uint64, keepdims=True)
    for other in others:
        partial += _word(net, other, "sum.share")
    if role != "guest":
        net.send("guest", "sum.partial", partial)
        return None
    for other in others:
        partial += _word(net, other, "sum.partial")
    return SecureSum(expected=data_num * sum(p != arbiter for p in participants), obtained=int(partial[0]))


def _word(net: Net, frm: str, tag: str) -> NDArray[np.uint64]:
    (word,) = net.recv(frm, tag, 8)
    if word.dtype != np.uint64 or word.shape != (1,):
        raise PeerViolation(peer=frm, tag=tag, what="something else than one word")
    return word.astype(np.uint64, copy=False)
